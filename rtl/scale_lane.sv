// SPDX-License-Identifier: Apache-2.0
// Scale of one column: v = (sum_br mul_br * (acc_br - zz) + offset) >> shift, 48-bit signed (docs/numerics.md, "Code").
//
// Five stages, one column a cycle, no flow control: en_i[k] moves stage dk (difference, wait for the record, products,
// sum, shift). mul_i belongs to d2, off_i to d3, shift_i to d4; v_o is valid from d5 on. diff_o is stage d0's result
// of branch 0, the raw score when zz_i is 0. With ZzEn = 0 zz_i counts as 0.
// VW = 48 gives v itself, VW = 17 gives v limited to -65536 .. 65535: all that a saturated residual sum and a code need,
// with a shifter of a third of the size (whole bytes, then the rest).
`default_nettype none

module scale_lane #(
  parameter int BR   = 1,
  parameter int AccW = 24,
  parameter int ZzEn = 1,
  parameter int VW   = 48   // 48 or 17
) (
  input  logic                  clk_i,
  input  logic [           4:0] en_i,
  input  logic [   BR*AccW-1:0] acc_i,
  input  logic [      AccW-1:0] zz_i,
  input  logic [     BR*16-1:0] mul_i,
  input  logic [          47:0] off_i,
  input  logic [           5:0] shift_i,
  output logic [      AccW-1:0] diff_o,
  output logic [        VW-1:0] v_o
);
  localparam int ProdW = AccW + 17;

  logic        [   BR*48-1:0] terms;
  logic signed [        47:0] total;
  logic signed [        47:0] sum_q;
  logic        [      VW-1:0] v_q;
  logic        [    AccW-1:0] zz;

  assign zz = (ZzEn != 0) ? zz_i : '0;

  for (genvar b = 0; b < BR; b = b + 1) begin : gen_branch
    logic        [ AccW-1:0] diff_q;
    logic signed [ AccW-1:0] operand_q;
    logic signed [ProdW-1:0] product;
    logic signed [ProdW-1:0] product_q;

    mul_signed #(
      .AW(AccW),
      .BW(17)
    ) u_mul (
      .a_i(operand_q),
      .b_i({1'b0, mul_i[b*16+:16]}),
      .p_o(product)
    );

    always_ff @(posedge clk_i) begin
      if (en_i[0]) diff_q <= acc_i[b*AccW+:AccW] - zz;
      if (en_i[1]) operand_q <= diff_q;
      if (en_i[2]) product_q <= product;
    end
    // The sum fits 48 bits, so that it may be computed modulo 2^48.
    if (ProdW < 48) begin : gen_extend
      assign terms[b*48+:48] = {{(48 - ProdW) {product_q[ProdW-1]}}, product_q};
    end else begin : gen_low
      assign terms[b*48+:48] = product_q[47:0];
      if (ProdW > 48) begin : gen_unused
        /* verilator lint_off UNUSED */
        wire unused_high = |product_q[ProdW-1:48];
        /* verilator lint_on UNUSED */
      end
    end
    if (b == 0) begin : gen_diff
      assign diff_o = diff_q;
    end
  end

  if (BR == 2) begin : gen_two
    assign total = terms[47:0] + terms[BR*48-1-:48] + off_i;
  end else begin : gen_one
    assign total = terms[47:0] + off_i;
  end

  always_ff @(posedge clk_i) begin
    if (en_i[3]) sum_q <= total;
  end
  assign v_o = v_q;

  if (VW == 48) begin : gen_exact
    always_ff @(posedge clk_i) begin
      if (en_i[4]) v_q <= sum_q >>> shift_i;
    end
  end else begin : gen_limited
    logic        sign;
    logic [ 2:0] differs;    // bytes 3, 4, 5 hold a bit that is not the sign
    logic [23:0] window;     // shifted by whole bytes
    logic        above;      // a bit above the window is not the sign
    logic [16:0] fine;
    logic [ 7:0] rest;       // bits of the window above the result
    logic [ 7:0] rest_down;

    assign sign = sum_q[47];
    for (genvar i = 0; i < 3; i = i + 1) begin : gen_differs
      assign differs[i] = (sum_q[24+8*i+:8] != {8{sign}});
    end
    always_comb begin
      case (shift_i[5:3])
        3'd0: {above, window} = {differs != 3'd0, sum_q[23:0]};
        3'd1: {above, window} = {differs[2:1] != 2'd0, sum_q[31:8]};
        3'd2: {above, window} = {differs[2], sum_q[39:16]};
        3'd3: {above, window} = {1'b0, sum_q[47:24]};
        3'd4: {above, window} = {1'b0, {8{sign}}, sum_q[47:32]};
        default: {above, window} = {1'b0, {16{sign}}, sum_q[47:40]};
      endcase
    end
    assign fine      = window[{2'd0, shift_i[2:0]}+:17];
    assign rest      = window[23:16] ^ {8{sign}};
    assign rest_down = rest >> shift_i[2:0];
    always_ff @(posedge clk_i) begin
      if (en_i[4]) v_q <= (above || rest_down != 8'd0) ? {sign, {16{~sign}}} : fine;
    end
  end

  if (ZzEn == 0) begin : gen_no_zz
    /* verilator lint_off UNUSED */
    wire unused_zz = |zz_i;
    /* verilator lint_on UNUSED */
  end
endmodule

`default_nettype wire
