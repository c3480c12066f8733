// SPDX-License-Identifier: Apache-2.0
// Reciprocal roots of the rows of a row tile, one pipeline for all rows (docs/numerics.md, "LayerNorm"):
//   V = D*Q - S^2, 4^p <= V < 4^(p+1), m = V shifted to 32 bits by pairs, root = floor(sqrt(m)),
//   rec = floor(2^31 / root), or 0 when V = 0.
//
// The sums of the rows are a ring of TR registers, the results a chain beside it; both move towards row 0. start_i
// (with d_i and the sums in place; ignored while rows enter) begins: sum_i and sq_i, row 0's place of the ring, are
// taken and turn_o moves the ring, a row in Pace cycles; after TR times the sums are home. shift_o (p) and rec_o go
// to row TR-1's place of the chain, which take_shift_o and take_rec_o move; after TR times each, every row has its own.
// done_o is high with the last take_rec_o. d_i must hold until the last row has entered.
//   variance 3 cycles (Pace > 1: 3 + Pace), norm 3, root 16, reciprocal 16
// Each step of root and reciprocal has hardware for Pace cycles of work, Pace = 32/TR within 1 .. 16: the fewer rows,
// the less of it.
// Latency: from start_i to done_o 38 + (TR-1)*Pace cycles, with Pace > 1 Pace more (Plan::root_cycles).
// Throughput: a row in Pace cycles. No flow control.
`default_nettype none

module layernorm_root #(
  parameter int TR   = 32,
  parameter int MaxD = 768,
  // Derived, not to be set.
  parameter int SumW = 16 + $clog2(MaxD),
  parameter int SqW  = 31 + $clog2(MaxD),
  parameter int DW   = $clog2(MaxD + 1)
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  input  logic            start_i,
  input  logic [  DW-1:0] d_i,
  input  logic [SumW-1:0] sum_i,         // S, signed
  input  logic [ SqW-1:0] sq_i,          // Q
  output logic            turn_o,
  output logic            take_shift_o,
  output logic            take_rec_o,
  output logic            done_o,
  output logic [     4:0] shift_o,       // p
  output logic [    16:0] rec_o
);
  localparam int Pace = (TR >= 32) ? 1 : ((TR < 2) ? 16 : 32 / TR);
  localparam int Stages = 16 / Pace;  // of root and of reciprocal
  localparam int PaceW = (Pace > 1) ? $clog2(Pace) : 1;
  localparam int CountW = $clog2(TR + 1);
  localparam int VMin = 30 + 2 * $clog2(MaxD);  // V < 2^VMin
  localparam int VW = (VMin > 32) ? VMin : 32;
  // Cycles from the one in which a row enters to the one in which its value is there.
  localparam int VarAt = (Pace > 1) ? 3 + Pace : 3;
  localparam int NormAt = VarAt + 3;
  localparam int RootAt = NormAt + 16;
  localparam int RecAt = RootAt + 16;

  // ---------------------------------------------------------------------------------------------------------------
  // Rows enter, one in Pace cycles. token_q[k-1] is high k cycles later.
  logic [ RecAt-1:0] token_q;
  logic [CountW-1:0] in_q;   // rows still to enter
  logic [CountW-1:0] out_q;  // results still to come
  logic [ PaceW-1:0] gap_q;  // cycles until the next row
  logic              enter;

  assign enter        = (in_q == '0) ? start_i : (gap_q == '0);
  assign turn_o       = enter;
  assign take_shift_o = token_q[NormAt-1];
  assign take_rec_o   = token_q[RecAt-1];
  assign done_o       = take_rec_o && (out_q == CountW'(1));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      token_q <= '0;
      in_q    <= '0;
      out_q   <= '0;
      gap_q   <= '0;
    end else begin
      token_q <= {token_q[RecAt-2:0], enter};
      if (in_q == '0 && start_i) begin
        in_q  <= CountW'(TR - 1);
        out_q <= CountW'(TR);
      end else begin
        if (enter) in_q <= in_q - 1'b1;
        if (take_rec_o) out_q <= out_q - 1'b1;
      end
      if (enter) gap_q <= PaceW'(Pace - 1);
      else if (gap_q != '0) gap_q <= gap_q - 1'b1;
    end
  end

  // A stage of root or reciprocal takes a row in its first cycle and works Pace cycles.
  logic [Stages-1:0] root_load;
  logic [Stages-1:0] root_en;
  logic [Stages-1:0] rec_load;
  logic [Stages-1:0] rec_en;
  for (genvar s = 0; s < Stages; s = s + 1) begin : gen_stage
    assign root_load[s] = token_q[NormAt+s*Pace-1];
    assign root_en[s]   = |token_q[NormAt+s*Pace-1+:Pace];
    assign rec_load[s]  = token_q[RootAt+s*Pace-1];
    assign rec_en[s]    = |token_q[RootAt+s*Pace-1+:Pace];
  end

  // ---------------------------------------------------------------------------------------------------------------
  logic [VW-1:0] variance;
  logic [  31:0] m;
  logic [   4:0] pairs;  // that V was shifted up
  logic [  15:0] root;

  layernorm_variance #(
    .MaxD(MaxD),
    .Pace(Pace)
  ) u_variance (
    .clk_i,
    .load_i (enter),
    .token_i(token_q[VarAt-2:0]),
    .d_i,
    .sum_i,
    .sq_i,
    .v_o    (variance)
  );

  layernorm_norm #(
    .VW(VW)
  ) u_norm (
    .clk_i,
    .en_i   (token_q[VarAt-1+:3]),
    .v_i    (variance),
    .m_o    (m),
    .pairs_o(pairs)
  );
  assign shift_o = 5'(VW / 2 - 1) - pairs;

  layernorm_sqrt #(
    .Pace(Pace)
  ) u_sqrt (
    .clk_i,
    .load_i(root_load),
    .en_i  (root_en),
    .m_i   (m),
    .root_o(root)
  );

  layernorm_reciprocal #(
    .Pace(Pace)
  ) u_reciprocal (
    .clk_i,
    .load_i(rec_load),
    .en_i  (rec_en),
    .root_i(root),
    .rec_o
  );
endmodule

`default_nettype wire
