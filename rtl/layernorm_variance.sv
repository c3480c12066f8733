// SPDX-License-Identifier: Apache-2.0
// V = D*Q - S^2 of a row, in Pace parts by Horner's rule (docs/numerics.md, "LayerNorm").
//
// A part is `Part` bits of D and of |S|, highest first: V <- V * 2^Part + D_part*Q - S_part*|S|, modulo the width of V,
// which holds the result. load_i takes a row; token_i[k-1] is load_i k cycles later. Stages: operands, products,
// difference, and with Pace > 1 the sum of the parts.
// Latency: 3 cycles, with Pace > 1 3 + Pace. Throughput: a row in Pace cycles; load_i comes no faster. No flow control.
`default_nettype none

module layernorm_variance #(
  parameter int MaxD = 768,
  parameter int Pace = 1,
  // Derived, not to be set.
  parameter int SumW = 16 + $clog2(MaxD),
  parameter int SqW  = 31 + $clog2(MaxD),
  parameter int DW   = $clog2(MaxD + 1),
  parameter int VMin = 30 + 2 * $clog2(MaxD),
  parameter int VW   = (VMin > 32) ? VMin : 32,
  parameter int Tok  = (Pace > 1) ? 2 + Pace : 2
) (
  input  logic            clk_i,
  input  logic            load_i,
  input  logic [ Tok-1:0] token_i,
  input  logic [  DW-1:0] d_i,
  input  logic [SumW-1:0] sum_i,
  input  logic [ SqW-1:0] sq_i,
  output logic [  VW-1:0] v_o
);
  localparam int Part = (SumW + Pace - 1) / Pace;
  localparam int DPart = (Part < DW) ? Part : DW;  // higher bits of a part of D are 0
  localparam int All = Part * Pace;                // bits of all parts
  localparam int DiffMin = ((SqW + DPart > SumW + Part) ? SqW + DPart : SumW + Part) + 1;
  localparam int DiffW = (DiffMin < VW) ? DiffMin : VW;

  logic        [     SumW-1:0] abs_sum;
  logic        [     SumW-1:0] s_q;        // |S|
  logic        [      SqW-1:0] q_q;        // Q
  logic        [      All-1:0] s_parts_q;  // the present part highest
  logic        [      All-1:0] d_parts_q;
  logic signed [SumW+Part+1:0] s_prod;
  logic signed [SqW+DPart+1:0] q_prod;
  logic        [SumW+Part-1:0] s_prod_q;
  logic        [SqW+DPart-1:0] q_prod_q;
  logic        [    DiffW-1:0] diff_q;

  assign abs_sum = sum_i[SumW-1] ? (~sum_i + {{(SumW - 1) {1'b0}}, 1'b1}) : sum_i;

  mul_signed #(
    .AW(SumW + 1),
    .BW(Part + 1)
  ) u_square (
    .a_i({1'b0, s_q}),
    .b_i({1'b0, s_parts_q[All-1-:Part]}),
    .p_o(s_prod)
  );
  mul_signed #(
    .AW(SqW + 1),
    .BW(DPart + 1)
  ) u_dq (
    .a_i({1'b0, q_q}),
    .b_i({1'b0, d_parts_q[All-Part+:DPart]}),
    .p_o(q_prod)
  );

  if (Pace > 1) begin : gen_parts
    logic          working;  // operands hold a row that is not done
    logic [VW-1:0] v_q;
    assign working = |token_i[Pace-1:0];
    always_ff @(posedge clk_i) begin
      if (load_i) begin
        s_q       <= abs_sum;
        q_q       <= sq_i;
        s_parts_q <= All'(abs_sum);
        d_parts_q <= All'(d_i);
      end else if (working) begin
        s_parts_q <= s_parts_q << Part;
        d_parts_q <= d_parts_q << Part;
      end
      if (working) begin
        s_prod_q <= s_prod[SumW+Part-1:0];
        q_prod_q <= q_prod[SqW+DPart-1:0];
      end
      if (|token_i[1+:Pace]) diff_q <= DiffW'(q_prod_q) - DiffW'(s_prod_q);
      if (|token_i[2+:Pace]) begin
        v_q <= (token_i[2] ? '0 : (v_q << Part)) + VW'($signed(diff_q));
      end
    end
    assign v_o = v_q;
  end else begin : gen_whole
    always_ff @(posedge clk_i) begin
      if (load_i) begin
        s_q       <= abs_sum;
        q_q       <= sq_i;
        s_parts_q <= abs_sum;
        d_parts_q <= All'(d_i);
      end
      if (token_i[0]) begin
        s_prod_q <= s_prod[SumW+Part-1:0];
        q_prod_q <= q_prod[SqW+DPart-1:0];
      end
      if (token_i[1]) diff_q <= DiffW'(q_prod_q) - DiffW'(s_prod_q);
    end
    assign v_o = VW'(diff_q);
  end

  /* verilator lint_off UNUSED */
  wire unused_bits = |{s_prod, q_prod, s_prod_q, q_prod_q, d_parts_q};  // products are not negative, V has VW bits
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
