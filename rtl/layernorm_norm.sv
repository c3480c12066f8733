// SPDX-License-Identifier: Apache-2.0
// m = V shifted up by pairs of bits until one of its two highest is set, its highest 32 bits; and by how many pairs.
// With V = 0 m is 0 and pairs_o anything.
//
// Three stages, moved by en_i: 8 pairs at a time, 2, 1. Latency: 3 cycles. No flow control.
`default_nettype none

module layernorm_norm #(
  parameter int VW = 50  // 32 .. 64, even
) (
  input  logic          clk_i,
  input  logic [   2:0] en_i,
  input  logic [VW-1:0] v_i,
  output logic [  31:0] m_o,
  output logic [   4:0] pairs_o
);
  logic [63:0] high;   // V from the top
  logic [63:0] first;
  logic [45:0] first_q;
  logic [45:0] second;
  logic [33:0] second_q;
  logic [31:0] m_q;
  logic [ 1:0] by16;
  logic [ 1:0] by4;
  logic        by2;
  logic [ 1:0] pairs1_q;
  logic [ 3:0] pairs2_q;
  logic [ 4:0] pairs3_q;

  if (VW < 64) begin : gen_fill
    assign high = {v_i, {(64 - VW) {1'b0}}};
  end else begin : gen_whole
    assign high = v_i;
  end

  always_comb begin
    by16 = 2'd0;
    if (high[63:48] == 16'd0) by16 = 2'd1;
    if (high[63:32] == 32'd0) by16 = 2'd2;
    if (high[63:16] == 48'd0) by16 = 2'd3;
    by4 = 2'd0;
    if (first_q[45:42] == 4'd0) by4 = 2'd1;
    if (first_q[45:38] == 8'd0) by4 = 2'd2;
    if (first_q[45:34] == 12'd0) by4 = 2'd3;
    by2    = (second_q[33:32] == 2'd0);
    first  = high << {by16, 4'd0};
    second = first_q << {by4, 2'd0};
  end

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      first_q  <= first[63:18];
      pairs1_q <= by16;
    end
    if (en_i[1]) begin
      second_q <= second[45:12];
      pairs2_q <= {pairs1_q, by4};
    end
    if (en_i[2]) begin
      m_q      <= by2 ? second_q[31:0] : second_q[33:2];
      pairs3_q <= {pairs2_q, by2};
    end
  end
  assign m_o     = m_q;
  assign pairs_o = pairs3_q;

  /* verilator lint_off UNUSED */
  wire unused_bits = |{first[17:0], second[11:0]};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
