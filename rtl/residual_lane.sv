// SPDX-License-Identifier: Apache-2.0
// What becomes of a scaled column v: residual add y = sat16(x + v) with its square for the LayerNorm sums, code
// clamp(v, 0, cmax), and for row 0 the logit sat32(v) (docs/numerics.md, section 2).
//
// Two stages, one column a cycle: en_i[0] moves d5 (x_i, v_i, skip_i, cmax_i -> y_o, code_o, logit_o), en_i[1] moves
// d6 (y_o -> summand_o = y, square_o; both 0 without mask_i). skip_i adds 0. v_i has 48 bits, or 17 when scale_lane
// limits it already (over_i: v is beyond them); a logit needs 48.
// CodeEn = 0 leaves codes out.
`default_nettype none

module residual_lane #(
  parameter int LogitEn = 0,
  parameter int CodeEn  = 1,
  parameter int VW      = 48
) (
  input  logic        clk_i,
  input  logic [ 1:0] en_i,
  input  logic [VW-1:0] v_i,
  input  logic        over_i,
  input  logic [15:0] x_i,
  input  logic        skip_i,
  input  logic [ 7:0] cmax_i,
  input  logic        mask_i,
  output logic [15:0] y_o,
  output logic [15:0] summand_o,
  output logic [30:0] square_o,
  output logic [ 7:0] code_o,
  output logic [31:0] logit_o
);
  logic        [16:0] limited;  // v limited to 17 bits: enough to saturate any 16-bit x
  logic        [16:0] addend;
  logic        [17:0] sum;
  logic        [15:0] y;
  logic signed [15:0] y_q;
  logic        [ 7:0] code;
  logic        [ 7:0] code_q;
  logic signed [31:0] square;
  logic        [30:0] square_q;
  logic        [15:0] summand_q;

  if (VW == 17) begin : gen_limited
    assign limited = over_i ? {v_i[16], {16{~v_i[16]}}} : v_i;
  end else begin : gen_limit
    assign limited = (v_i[VW-1:16] == {(VW - 16) {v_i[VW-1]}}) ? v_i[16:0] : {v_i[VW-1], {16{~v_i[VW-1]}}};
    /* verilator lint_off UNUSED */
    wire unused_over = over_i;
    /* verilator lint_on UNUSED */
  end

  always_comb begin
    addend = skip_i ? 17'd0 : limited;
    sum = {{2{x_i[15]}}, x_i} + {addend[16], addend};
    y   = sum[15:0];
    if (sum[17:15] != {3{sum[17]}}) y = {sum[17], {15{~sum[17]}}};

    code = cmax_i;
    if (v_i[VW-1] || CodeEn == 0) begin
      code = 8'd0;
    end else if (v_i[VW-1:8] == '0 && !over_i && v_i[7:0] < cmax_i) begin
      code = v_i[7:0];
    end
  end

  mul_signed #(
    .AW(16),
    .BW(16)
  ) u_square (
    .a_i(y_q),
    .b_i(y_q),
    .p_o(square)
  );

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      y_q    <= y;
      code_q <= code;
    end
    if (en_i[1]) begin
      summand_q <= mask_i ? y_q : 16'd0;
      square_q  <= mask_i ? square[30:0] : 31'd0;
    end
  end
  assign y_o       = y_q;
  assign summand_o = summand_q;
  assign square_o  = square_q;
  assign code_o    = code_q;

  /* verilator lint_off UNUSED */
  wire unused_sign = square[31];  // a square is not negative
  /* verilator lint_on UNUSED */

  if (LogitEn != 0) begin : gen_logit
    logic [31:0] logit_q;
    always_ff @(posedge clk_i) begin
      if (en_i[0]) logit_q <= (v_i[47:31] == {17{v_i[47]}}) ? v_i[31:0] : {v_i[47], {31{~v_i[47]}}};
    end
    assign logit_o = logit_q;
  end else begin : gen_no_logit
    assign logit_o = 32'd0;
  end
endmodule

`default_nettype wire
