// SPDX-License-Identifier: Apache-2.0
// Holds one AXI beat of int8 values and gives Lanes of them at a time, sign-extended and shifted left.
//
// load_i takes a beat; take_i makes it the current one (and wins over next_i), so that the next beat can be loaded while
// this one is passed on; next_i registers value_o = int8 << shift_i of the current Lanes values and moves on. A beat
// with fewer than Lanes values is repeated over the lanes; the user masks the lanes it means. A selector picks the
// values: a shift register would cost a multiplexer for each bit of the beat.
// Latency: one cycle from next_i to value_o.
`default_nettype none

module beat_serializer #(
  parameter int Lanes = 4,
  parameter int AxiW  = 128
) (
  input  logic                clk_i,
  input  logic                load_i,
  input  logic [    AxiW-1:0] beat_i,
  input  logic                take_i,
  input  logic                next_i,
  input  logic [         2:0] shift_i,
  output logic [Lanes*16-1:0] value_o
);
  localparam int Values = AxiW / 8;

  logic [AxiW-1:0] loaded_q;
  logic [AxiW-1:0] beat_q;

  always_ff @(posedge clk_i) if (load_i) loaded_q <= beat_i;

  always_ff @(posedge clk_i) if (take_i) beat_q <= loaded_q;

  logic [Lanes*8-1:0] word;  // the next Lanes values

  if (Values > Lanes) begin : gen_select
    localparam int Words = Values / Lanes;
    logic [$clog2(Words)-1:0] index_q;

    always_ff @(posedge clk_i) begin
      if (take_i) index_q <= '0;
      else if (next_i) index_q <= index_q + 1'b1;
    end
    assign word = beat_q[index_q*Lanes*8+:Lanes*8];
  end else begin : gen_all
    for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_repeat
      assign word[l*8+:8] = beat_q[(l%Values)*8+:8];
    end
  end

  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_lane
    logic [ 7:0] value;
    logic [15:0] value_q;
    assign value = word[l*8+:8];
    always_ff @(posedge clk_i) if (next_i) value_q <= {{8{value[7]}}, value} << shift_i;
    assign value_o[l*16+:16] = value_q;
  end
endmodule

`default_nettype wire
