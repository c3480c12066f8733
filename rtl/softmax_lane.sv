// SPDX-License-Identifier: Apache-2.0
// One score a cycle of softmax (docs/numerics.md, "Softmax to codes"), scores as raw sums A = s/2 + const:
//   t = min(511, (2*(max - A)*idx_mul) >> idx_shift), E = table(t), o = clamp((E*R + 2^(ps-1)) >> ps, 0, cmax)
//
// Stages, moved by en_i[k] = stage s(k+1): s1 max - A, s2 * idx_mul, s3 >> idx_shift, s4 table and mask -> e_o,
// s5 * R, s6 >> (ps - 1), s7 rounding, clamp -> code_o. No flow control of its own.
// With one bit a code (MaxBits = 1, cmax_i = 1) it is 1 iff E*R >= 2^(ps-1): s6 looks whether any bit is left of the
// product shifted down, by whole bytes first, and nothing is rounded.
`default_nettype none

module softmax_lane #(
  parameter int ScoreW  = 9,
  parameter int MaxBits = 8
) (
  input  logic              clk_i,
  input  logic [       6:0] en_i,
  input  logic [ScoreW-1:0] score_i,   // s1
  input  logic [ScoreW-1:0] max_i,     // s1
  input  logic [      15:0] imul_i,    // s2
  input  logic [       4:0] ishift_i,  // s3
  input  logic              mask_i,    // s4
  input  logic [      20:0] rec_i,     // s5
  input  logic [       5:0] pshift_i,  // s6
  input  logic [       7:0] cmax_i,    // s7
  output logic [      15:0] e_o,
  output logic [       7:0] code_o
);
  localparam int ProdW = ScoreW + 18;

  logic        [ScoreW-1:0] dist_q;
  logic signed [ ProdW-1:0] prod;
  logic        [ScoreW+15:0] prod_q;
  logic        [      47:0] idx;       // 2 * (max - A) * idx_mul
  logic        [      15:0] idx_near;  // shifted by bytes
  logic        [       8:0] idx_down;
  logic        [       6:0] idx_rest;
  logic        [      31:0] idx_high;  // bits of idx above idx_near
  logic        [       8:0] t_q;
  logic        [      15:0] e;
  logic        [      15:0] e_q;
  logic signed [      38:0] product;
  logic        [      36:0] prob_q;

  mul_signed #(.AW(ScoreW + 1), .BW(17)) u_idx (.a_i({1'b0, dist_q}), .b_i({1'b0, imul_i}), .p_o(prod));
  exp_table u_table (.t_i(t_q), .e_o(e));
  mul_signed #(.AW(17), .BW(22)) u_prob (.a_i({1'b0, e_q}), .b_i({1'b0, rec_i}), .p_o(product));

  // Shifted by bytes, then by the rest; a bit above the nine makes t 511.
  assign idx      = 48'({prod_q, 1'b0});
  assign idx_near = 16'(idx >> {ishift_i[4:3], 3'd0});
  assign idx_high = 32'(idx[47:16] >> {ishift_i[4:3], 3'd0});
  assign idx_down = idx_near[{1'b0, ishift_i[2:0]}+:9];
  assign idx_rest = idx_near[15:9] >> ishift_i[2:0];

  always_ff @(posedge clk_i) begin
    if (en_i[0]) dist_q <= max_i - score_i;
    if (en_i[1]) prod_q <= prod[ScoreW+15:0];
    if (en_i[2]) t_q <= (idx_high != '0 || idx_rest != '0) ? 9'd511 : idx_down;
    if (en_i[3]) e_q <= mask_i ? e : 16'd0;
    if (en_i[4]) prob_q <= product[36:0];
  end
  assign e_o = e_q;

  if (MaxBits > 1) begin : gen_code
    logic [36:0] prob_down;
    logic [ 9:0] h_q;  // limited: more than twice any code
    logic [ 9:0] rounded;
    logic [ 7:0] code_q;
    assign prob_down = prob_q >> pshift_i;
    assign rounded   = {1'b0, h_q[9:1]} + {9'd0, h_q[0]};
    always_ff @(posedge clk_i) begin
      if (en_i[5]) h_q <= (prob_down[36:10] != 27'd0) ? 10'd1023 : prob_down[9:0];
      if (en_i[6]) code_q <= (rounded > {2'b00, cmax_i}) ? cmax_i : rounded[7:0];
    end
    assign code_o = code_q;
  end else begin : gen_bit
    logic [39:0] prob;
    logic [ 4:1] filled;  // bytes that are not 0
    logic [ 7:0] window;  // the byte where the bits that count begin
    logic [ 7:0] window_down;
    logic        above;   // a byte above it is not 0
    logic        hit_q;
    logic        code_q;
    assign prob = {3'd0, prob_q};
    for (genvar i = 1; i < 5; i = i + 1) begin : gen_filled
      assign filled[i] = (prob[8*i+:8] != 8'd0);
    end
    always_comb begin
      case (pshift_i[5:3])
        3'd0: {above, window} = {filled[4:1] != 4'd0, prob[7:0]};
        3'd1: {above, window} = {filled[4:2] != 3'd0, prob[15:8]};
        3'd2: {above, window} = {filled[4:3] != 2'd0, prob[23:16]};
        3'd3: {above, window} = {filled[4], prob[31:24]};
        3'd4: {above, window} = {1'b0, prob[39:32]};
        default: {above, window} = 9'd0;
      endcase
    end
    assign window_down = window >> pshift_i[2:0];
    always_ff @(posedge clk_i) begin
      if (en_i[5]) hit_q <= above || (window_down != 8'd0);
      if (en_i[6]) code_q <= hit_q;
    end
    assign code_o = {7'd0, code_q};
    /* verilator lint_off UNUSED */
    wire unused_cmax = |cmax_i;
    /* verilator lint_on UNUSED */
  end

  /* verilator lint_off UNUSED */
  wire unused_bits = |{prod[ProdW-1:ScoreW+16], product[38:37]};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
