// SPDX-License-Identifier: Apache-2.0
// Reciprocal root of one LayerNorm row, iterative (docs/numerics.md, "LayerNorm"):
//   V = D*Q - S^2, 4^p <= V < 4^(p+1), m = V shifted to 32 bits by pairs, root = floor(sqrt(m)),
//   rec = floor(2^31 / root), or 0 when V = 0.
//
// Control is shared by all rows: layernorm_root_control gives op_i, k_i and dbit_i.
//   OpLoad   V = 0, |S| taken
//   OpMul    V = 2V + D[k]*Q - |S|[k]*|S|, k descending (both products by Horner's rule in one register)
//   OpNorm   V <<= 2*2^k if that many top bits are 0, k = 4 .. 0
//   OpSqrt   one bit of the root, 16 times
//   OpDivLd  remainder 2^14
//   OpDiv    one bit of the quotient, 17 times
// rec_o and shift_o = p + 6 are valid after the last step and hold until the next OpLoad. S and Q must hold until the
// end of the OpMul steps.
`default_nettype none

module layernorm_root #(
  parameter int MaxD = 768,
  // Derived, not to be set.
  parameter int SumW = 16 + $clog2(MaxD),
  parameter int SqW  = 31 + $clog2(MaxD)
) (
  input  logic            clk_i,
  input  logic [     2:0] op_i,
  input  logic [     4:0] k_i,
  input  logic            dbit_i,
  input  logic [SumW-1:0] sum_i,   // S, signed
  input  logic [ SqW-1:0] sq_i,    // Q
  output logic [    16:0] rec_o,
  output logic [     5:0] shift_o  // p + 6
);
  localparam int OpLoad = 1;
  localparam int OpMul = 2;
  localparam int OpNorm = 3;
  localparam int OpSqrt = 4;
  localparam int OpDivLd = 5;
  localparam int OpDiv = 6;
  localparam int VMin = 30 + 2 * $clog2(MaxD);  // V < 2^VMin
  localparam int VW = (VMin > 32) ? VMin : 32;
  localparam int Pairs = VW / 2;
  localparam int AW = VW + 2;  // partial values of V are signed and one bit longer

  logic [SumW-1:0] abs_q;
  logic [  AW-1:0] v_q;
  logic [     4:0] shifts_q;  // pairs that V was shifted up
  logic [    16:0] rem_q;
  logic [    15:0] root_q;
  logic [    16:0] quot_q;

  logic            sbit;
  logic [  AW-1:0] plus;
  logic [  AW-1:0] minus;
  logic [  VW-1:0] v_norm;
  logic            norm_hit;
  logic [    18:0] sqrt_rem;
  logic [    18:0] sqrt_sub;
  logic            sqrt_ge;
  logic [    17:0] div_rem;
  logic            div_ge;

  always_comb begin
    sbit = 1'b0;
    for (int i = 0; i < SumW; i = i + 1) begin
      if (k_i == 5'(i)) sbit = abs_q[i];
    end
    plus  = dbit_i ? {{(AW - SqW) {1'b0}}, sq_i} : '0;
    minus = sbit ? {{(AW - SumW) {1'b0}}, abs_q} : '0;
  end

  always_comb begin
    norm_hit = 1'b0;
    v_norm   = v_q[VW-1:0];
    case (k_i[2:0])
      3'd4: norm_hit = (v_q[VW-1-:32] == 32'd0);
      3'd3: norm_hit = (v_q[VW-1-:16] == 16'd0);
      3'd2: norm_hit = (v_q[VW-1-:8] == 8'd0);
      3'd1: norm_hit = (v_q[VW-1-:4] == 4'd0);
      default: norm_hit = (v_q[VW-1-:2] == 2'd0);
    endcase
    if (norm_hit) begin
      case (k_i[2:0])
        3'd4: v_norm = v_q[VW-1:0] << 32;
        3'd3: v_norm = v_q[VW-1:0] << 16;
        3'd2: v_norm = v_q[VW-1:0] << 8;
        3'd1: v_norm = v_q[VW-1:0] << 4;
        default: v_norm = v_q[VW-1:0] << 2;
      endcase
    end
  end

  always_comb begin
    sqrt_rem = {rem_q, v_q[VW-1-:2]};
    sqrt_sub = {1'b0, root_q, 2'b01};
    sqrt_ge  = (sqrt_rem >= sqrt_sub);
    div_rem  = {rem_q, 1'b0};
    div_ge   = (div_rem >= {2'b00, root_q});
  end

  logic [18:0] sqrt_diff;
  logic [17:0] div_diff;
  assign sqrt_diff = sqrt_rem - sqrt_sub;
  assign div_diff  = div_rem - {2'b00, root_q};

  always_ff @(posedge clk_i) begin
    case (op_i)
      3'(OpLoad): begin
        abs_q    <= sum_i[SumW-1] ? (~sum_i + {{(SumW - 1) {1'b0}}, 1'b1}) : sum_i;
        v_q      <= '0;
        shifts_q <= 5'd0;
        rem_q    <= 17'd0;
        root_q   <= 16'd0;
      end
      3'(OpMul): v_q <= {v_q[AW-2:0], 1'b0} + plus - minus;
      3'(OpNorm): begin
        v_q[VW-1:0] <= v_norm;
        shifts_q    <= {shifts_q[3:0], norm_hit};
      end
      3'(OpSqrt): begin
        v_q[VW-1:0] <= {v_q[VW-3:0], 2'b00};
        rem_q       <= sqrt_ge ? sqrt_diff[16:0] : sqrt_rem[16:0];
        root_q      <= {root_q[14:0], sqrt_ge};
      end
      3'(OpDivLd): begin
        rem_q  <= 17'h4000;
        quot_q <= 17'd0;
      end
      3'(OpDiv): begin
        rem_q  <= div_ge ? div_diff[16:0] : div_rem[16:0];
        quot_q <= {quot_q[15:0], div_ge};
      end
      default: ;
    endcase
  end

  // A root below 2^15 means V = 0.
  assign rec_o   = root_q[15] ? quot_q : 17'd0;
  assign shift_o = 6'(Pairs + 5) - {1'b0, shifts_q};

  /* verilator lint_off UNUSED */
  wire unused_bits = |{sqrt_diff[18:17], div_diff[17], v_q[AW-1]};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
