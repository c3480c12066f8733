// SPDX-License-Identifier: Apache-2.0
// Reset of the core: after rst_ni, and by software without breaking AXI.
//
// A soft reset first halts the AXI masters (no new burst; outstanding ones end), then holds the core in reset for
// four cycles. The register file is not part of the core. Latency: until the masters are idle, plus 6 cycles.
`default_nettype none

module reset_control (
  input  wire  clk_i,
  input  wire  rst_ni,
  input  wire  request_i,   // one cycle
  input  wire  idle_i,      // no AXI transaction is outstanding
  output logic busy_o,      // from the request to the end of the reset
  output logic halt_o,      // to the AXI masters
  output logic core_rst_no  // registered: asserted at once with rst_ni, released with the clock
);
  logic halt_q;
  logic [2:0] count_q;  // cycles of reset left

  assign halt_o = halt_q;
  assign busy_o = halt_q || count_q != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      halt_q      <= 1'b0;
      count_q     <= 3'd4;
      core_rst_no <= 1'b0;
    end else begin
      core_rst_no <= count_q == '0;
      if (request_i && !busy_o) begin
        halt_q <= 1'b1;
      end else if (halt_q && idle_i) begin
        halt_q  <= 1'b0;
        count_q <= 3'd4;
      end else if (count_q != '0) begin
        count_q <= count_q - 3'd1;
      end
    end
  end
endmodule

`default_nettype wire
