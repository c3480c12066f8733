// SPDX-License-Identifier: Apache-2.0
// Softmax of one row: Lanes scores a cycle, the sum of E, R = floor(prob_mul * 2^20 / sum), codes to plane words.
//
// Two passes over the scores: the first with acc_i at s6 builds the sum, the division takes dv_ld_i and 21 dv_step_i,
// dv_take_i makes its quotient the R of the second pass. The division keeps its own copy of the sum, so that the next
// row's first pass may run meanwhile. Since sum >= 2^15, the quotient has at most 21 bits: the remainder starts with
// prob_mul >> 1. Stage names as in softmax_lane; s8 is the packer, s9 the word.
`default_nettype none

module softmax_row #(
  parameter int TK      = 64,
  parameter int Lanes   = 4,
  parameter int MaxBits = 1,
  parameter int ScoreW  = 9,
  parameter int SumW    = 24
) (
  input  logic                    clk_i,
  input  logic [             6:0] en_i,
  input  logic [Lanes*ScoreW-1:0] score_i,
  input  logic [      ScoreW-1:0] max_i,
  input  logic [            15:0] imul_i,
  input  logic [             4:0] ishift_i,
  input  logic [       Lanes-1:0] mask_i,
  input  logic                    acc_i,
  input  logic                    first_i,
  input  logic                    dv_ld_i,
  input  logic                    dv_step_i,
  input  logic                    dv_take_i,
  input  logic [            15:0] dv_pmul_i,
  input  logic                    dv_bit_i,
  input  logic [             5:0] pshift_i,
  input  logic [             7:0] cmax_i,
  input  logic                    pk_ce_i,
  input  logic [     MaxBits-1:0] pk_en_i,
  input  logic [             2:0] pk_sel_i,
  output logic [          TK-1:0] word_o
);
  localparam int ESumW = 16 + $clog2(Lanes);

  logic [        Lanes*16-1:0] e;
  logic [Lanes*MaxBits-1:0] planes;
  logic [           ESumW-1:0] esum;
  logic [           ESumW-1:0] esum_q;
  logic [            SumW-1:0] sum_q;
  logic [            SumW-1:0] den_q;
  logic [            SumW-1:0] rem_q;
  logic [              SumW:0] rem_next;
  logic [              SumW:0] rem_less;
  logic                        rem_ge;
  logic [                20:0] quot_q;
  logic [                20:0] rec_q;

  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_lane
    logic [7:0] code;
    softmax_lane #(
      .ScoreW (ScoreW),
      .MaxBits(MaxBits)
    ) u_lane (
      .clk_i,
      .en_i,
      .score_i (score_i[l*ScoreW+:ScoreW]),
      .max_i,
      .imul_i,
      .ishift_i,
      .mask_i  (mask_i[l]),
      .rec_i   (rec_q),
      .pshift_i,
      .cmax_i,
      .e_o     (e[l*16+:16]),
      .code_o  (code)
    );
    for (genvar p = 0; p < MaxBits; p = p + 1) begin : gen_plane
      assign planes[p*Lanes+l] = code[p];
    end
    if (MaxBits < 8) begin : gen_unused_code
      /* verilator lint_off UNUSED */
      wire unused_code = |code[7:MaxBits];
      /* verilator lint_on UNUSED */
    end
  end

  always_comb begin
    esum = '0;
    for (int l = 0; l < Lanes; l = l + 1) esum = esum + ESumW'(e[l*16+:16]);
  end

  assign rem_next = {rem_q, dv_bit_i};
  assign rem_ge   = (rem_next >= {1'b0, den_q});
  assign rem_less = rem_next - {1'b0, den_q};

  always_ff @(posedge clk_i) begin
    if (en_i[4]) esum_q <= esum;
    if (acc_i) sum_q <= (first_i ? '0 : sum_q) + SumW'(esum_q);
    if (dv_ld_i) begin
      den_q <= sum_q;
      rem_q <= SumW'(dv_pmul_i[15:1]);
    end else if (dv_step_i) begin
      rem_q  <= rem_ge ? rem_less[SumW-1:0] : rem_next[SumW-1:0];
      quot_q <= {quot_q[19:0], rem_ge};
    end
    if (dv_take_i) rec_q <= quot_q;
  end

  code_packer #(
    .Lanes (Lanes),
    .Width (TK),
    .Planes(MaxBits),
    .Skew  (1)
  ) u_packer (
    .clk_i,
    .ce_i   (pk_ce_i),
    .en_i   (pk_en_i),
    .codes_i(planes),
    .sel_i  (pk_sel_i),
    .word_o
  );

  /* verilator lint_off UNUSED */
  wire unused_bits = |{rem_less[SumW], dv_pmul_i[0]};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
