// SPDX-License-Identifier: Apache-2.0
// One channel a cycle of LayerNorm, of its quantization and of the embedding (docs/numerics.md, sections 2 and 3):
//   n = ((D*y - S) * rec) >> (6 + p);  x = sat16(((n*gain + 2^(shift-1)) >> shift) + offset)
//   code = clamp((x*q_mul + q_offset) >> q_shift, 0, cmax)
//
// Stages, moved by en_i[k] = stage c(k+1): c1 D*y, c2 - S, c3 * rec, c4 >> (p+6), c5 * gain, c6 >> (shift-1),
// c7 rounding, offset, saturation -> x_o, c8 * q_mul + q_offset, c9 >> q_shift, clamp, mask -> code_o. With xsel_i != 0
// stage c6 takes the RES word instead: 1 alone, 3 plus embed_i of c7, 2 embed_i alone. square_i turns c1 into x_o^2,
// or 0 without square_mask_i.
// (g + 2^(s-1)) >> s is computed as ((g >> (s-1)) + 1) >> 1, so that rounding and offset share one adder. Shifters go by
// 8, by 2, by 1, over no more bits than the result needs.
// CodeBits = 1 (only with QuantMul = 0) gives codes of one bit, x >= bound_i, and leaves the quantizer out.
`default_nettype none

module layernorm_lane #(
  parameter int MaxD     = 768,
  parameter int QuantMul = 1,
  parameter int SquareEn = 1,
  parameter int CodeBits = 8,
  // Derived, not to be set.
  parameter int SumW     = 16 + $clog2(MaxD),
  parameter int DW       = $clog2(MaxD + 1)
) (
  input  logic            clk_i,
  input  logic [     8:0] en_i,
  input  logic [    15:0] res_i,      // RES word, c1 and c6
  input  logic            square_i,   // c1
  input  logic            square_mask_i,
  input  logic [  DW-1:0] d_i,        // c1
  input  logic [SumW-1:0] sum_i,      // c2
  input  logic [    16:0] rec_i,      // c3
  input  logic [     4:0] rshift_i,   // c4: p
  input  logic [    15:0] gain_i,     // c5
  input  logic [     4:0] shift_i,    // c6: shift - 1
  input  logic [    15:0] offset_i,   // c7
  input  logic [    15:0] embed_i,    // c7
  input  logic [     1:0] xsel_i,     // c6, c7
  input  logic [    14:0] qmul_i,     // c8
  input  logic [    31:0] qoff_i,     // c8
  input  logic [     4:0] qshift_i,   // c9
  input  logic [    16:0] bound_i,    // c8: 2^q_shift - q_offset, limited to 17 bits
  input  logic [     7:0] cmax_i,     // c9
  input  logic            mask_i,     // c9: 0 gives code 0
  output logic [    15:0] x_o,
  output logic [    30:0] square_o,   // after c1 with square_i
  output logic [     7:0] code_o
);
  localparam int T1W = 32;
  localparam int CW = SumW + 1;  // |D*y - S| < 2^SumW
  localparam int PrW = CW + 18;

  logic signed [     15:0] x_q;
  logic signed [     15:0] first_a;
  logic signed [     15:0] first_b;
  logic signed [  T1W-1:0] first;
  logic signed [  T1W-1:0] t1_q;
  logic signed [   CW-1:0] c_q;
  logic signed [  PrW-1:0] scaled;
  logic signed [  PrW-7:0] scaled_q;  // without the 6 bits that every p drops
  logic        [     24:0] scaled_by8;
  logic        [     18:0] scaled_by2;
  logic signed [     17:0] n_q;
  logic signed [     33:0] gained;
  logic signed [     33:0] gained_q;
  logic        [     25:0] gained_by8;
  logic        [     19:0] gained_by2;
  logic        [     18:0] gained_by1;
  logic                    gained_sign;
  logic                    over8;  // what each shifter drops above its result is not the sign
  logic                    over2;
  logic                    over1;
  logic                    below;  // too small for 19 bits
  logic                    above;
  logic        [     18:0] h_q;    // limited to 19 bits: enough to saturate x

  if (SquareEn != 0) begin : gen_square
    assign first_a  = square_i ? x_q : res_i;
    assign first_b  = square_i ? x_q : {{(16 - DW) {1'b0}}, d_i};
    assign square_o = t1_q[30:0];
  end else begin : gen_no_square
    assign first_a  = res_i;
    assign first_b  = {{(16 - DW) {1'b0}}, d_i};
    assign square_o = 31'd0;
    /* verilator lint_off UNUSED */
    wire unused_square = |{square_i, square_mask_i};
    /* verilator lint_on UNUSED */
  end

  mul_signed #(.AW(16), .BW(16)) u_first (.a_i(first_a), .b_i(first_b), .p_o(first));
  mul_signed #(.AW(CW), .BW(18)) u_scale (.a_i(c_q), .b_i({1'b0, rec_i}), .p_o(scaled));
  mul_signed #(.AW(18), .BW(16)) u_gain (.a_i(n_q), .b_i(gain_i), .p_o(gained));

  assign scaled_by8  = 25'(scaled_q >>> {rshift_i[4:3], 3'd0});
  assign gained_by8  = 26'(gained_q >>> {shift_i[4:3], 3'd0});
  assign gained_by1  = shift_i[0] ? gained_by2[19:1] : gained_by2[18:0];
  assign gained_sign = gained_q[33];
  always_comb begin
    case (rshift_i[2:1])
      2'd0: scaled_by2 = scaled_by8[18:0];
      2'd1: scaled_by2 = scaled_by8[20:2];
      2'd2: scaled_by2 = scaled_by8[22:4];
      default: scaled_by2 = scaled_by8[24:6];
    endcase
    case (shift_i[2:1])
      2'd0: gained_by2 = gained_by8[19:0];
      2'd1: gained_by2 = gained_by8[21:2];
      2'd2: gained_by2 = gained_by8[23:4];
      default: gained_by2 = gained_by8[25:6];
    endcase
    over8 = (shift_i[4:3] == 2'd0) && gained_q[33:26] != {8{gained_sign}};
    case (shift_i[2:1])
      2'd0: over2 = (gained_by8[25:20] != {6{gained_sign}});
      2'd1: over2 = (gained_by8[25:22] != {4{gained_sign}});
      2'd2: over2 = (gained_by8[25:24] != {2{gained_sign}});
      default: over2 = 1'b0;
    endcase
    over1 = (gained_by2[19] != gained_sign) || (!shift_i[0] && gained_by2[18] != gained_sign);
    below = (over8 || over2 || over1) && gained_sign;
    above = (over8 || over2 || over1) && !gained_sign;
  end

  always_ff @(posedge clk_i) begin
    if (en_i[0]) t1_q <= (square_i && !square_mask_i) ? 32'sd0 : first;
    if (en_i[1]) c_q <= t1_q[CW-1:0] - {{(CW - SumW) {sum_i[SumW-1]}}, sum_i};
    if (en_i[2]) scaled_q <= scaled[PrW-1:6];
    if (en_i[3]) n_q <= rshift_i[0] ? scaled_by2[18:1] : scaled_by2[17:0];
    if (en_i[4]) gained_q <= gained;
    if (en_i[5]) begin
      h_q[18] <= xsel_i[0] ? res_i[15] : (gained_sign && !xsel_i[1]);
      if (xsel_i[0]) h_q[17:0] <= {res_i[15], res_i, 1'b0};
      else if (xsel_i[1] || below) h_q[17:0] <= 18'd0;
      else h_q[17:0] <= gained_by1[17:0] | {18{above}};
    end
  end

  // c7: sat16((h + b) >> 1) with b in half units.
  logic [19:0] addend;
  logic [19:0] sum;
  always_comb begin
    addend = {{3{offset_i[15]}}, offset_i, 1'b1};
    if (xsel_i[1]) addend = {{3{embed_i[15]}}, embed_i, 1'b0};
    else if (xsel_i[0]) addend = 20'd0;
    sum = {h_q[18], h_q} + addend;
  end
  always_ff @(posedge clk_i) begin
    if (en_i[6]) begin
      x_q <= sum[16:1];
      if (sum[19:16] != {4{sum[19]}}) x_q <= {sum[19], {15{~sum[19]}}};
    end
  end
  assign x_o = x_q;

  // c8, c9: quantization.
  if (CodeBits > 1) begin : gen_code
    logic signed [33:0] quant;
    logic signed [33:0] u_q;
    logic signed [33:0] u_down;
    logic        [ 7:0] code_q;
    if (QuantMul != 0) begin : gen_quant_mul
      logic signed [31:0] product;
      mul_signed #(.AW(16), .BW(16)) u_quant (.a_i(x_q), .b_i({1'b0, qmul_i}), .p_o(product));
      assign quant = {{2{product[31]}}, product} + {{2{qoff_i[31]}}, qoff_i};
    end else begin : gen_no_quant_mul
      assign quant = {{18{x_q[15]}}, x_q} + {{2{qoff_i[31]}}, qoff_i};
      /* verilator lint_off UNUSED */
      wire unused_qmul = |qmul_i;
      /* verilator lint_on UNUSED */
    end
    assign u_down = u_q >>> qshift_i;
    always_ff @(posedge clk_i) begin
      if (en_i[7]) u_q <= quant;
      if (en_i[8]) begin
        code_q <= cmax_i;
        if (u_down[33] || !mask_i) begin
          code_q <= 8'd0;
        end else if (u_down[32:8] == 25'd0 && u_down[7:0] < cmax_i) begin
          code_q <= u_down[7:0];
        end
      end
    end
    assign code_o = code_q;
    /* verilator lint_off UNUSED */
    wire unused_bound = |bound_i;
    /* verilator lint_on UNUSED */
  end else begin : gen_bit
    logic signed [16:0] bound;
    logic               hit_q;
    logic               code_q;
    assign bound = bound_i;
    always_ff @(posedge clk_i) begin
      if (en_i[7]) hit_q <= ($signed({x_q[15], x_q}) >= bound);
      if (en_i[8]) code_q <= hit_q && mask_i;
    end
    assign code_o = {7'd0, code_q};
    /* verilator lint_off UNUSED */
    wire unused_quant = |{qmul_i, qoff_i, qshift_i, cmax_i};
    /* verilator lint_on UNUSED */
  end

  /* verilator lint_off UNUSED */
  wire unused_bits = |{t1_q, scaled[5:0], gained_by1[18], sum[0]};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
