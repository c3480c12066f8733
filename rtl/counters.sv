// SPDX-License-Identifier: Apache-2.0
// Performance counters, 64 bits each: 0 cycles with a job in flight; 1+3u, 2+3u, 3+3u cycles in which unit u was busy,
// starved (neither busy nor stalled), stalled; 16 QMM steps, 17 AXI read beats, 18 AXI write beats.
//
// Counters 0 .. 15 count while active_i. Latency: an event is counted in the next cycle; a read is combinational.
`default_nettype none

module counters (
  input  wire         clk_i,
  input  wire         rst_ni,
  input  wire         clear_i,
  input  wire         active_i,
  input  wire  [ 4:0] busy_i,
  input  wire  [ 4:0] stalled_i,
  input  wire         step_i,
  input  wire         read_beat_i,
  input  wire         write_beat_i,
  input  wire  [ 5:0] rd_index_i,   // {counter, high half}
  output logic [31:0] rd_data_o
);
  localparam int Count = 19;
  logic [Count-1:0] event_now;

  assign event_now[0]  = active_i;
  assign event_now[16] = step_i;
  assign event_now[17] = read_beat_i;
  assign event_now[18] = write_beat_i;
  for (genvar u = 0; u < 5; u = u + 1) begin : gen_unit
    assign event_now[1+3*u] = active_i && busy_i[u] && !stalled_i[u];
    assign event_now[2+3*u] = active_i && !busy_i[u] && !stalled_i[u];
    assign event_now[3+3*u] = active_i && stalled_i[u];
  end

  logic [Count*32-1:0] selected;  // the half asked for, 0 in all but one counter

  for (genvar i = 0; i < Count; i = i + 1) begin : gen_counter
    logic [63:0] count_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) count_q <= '0;
      else if (clear_i) count_q <= '0;
      else if (event_now[i]) count_q <= count_q + 64'd1;
    end
    assign selected[i*32+:32] = (rd_index_i[5:1] != 5'(i)) ? '0 : rd_index_i[0] ? count_q[63:32] : count_q[31:0];
  end

  always_comb begin
    rd_data_o = '0;
    for (int i = 0; i < Count; i = i + 1) rd_data_o = rd_data_o | selected[i*32+:32];
  end
endmodule

`default_nettype wire
