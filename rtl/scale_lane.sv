// SPDX-License-Identifier: Apache-2.0
// Scale of one column: v = (sum_br mul_br * (acc_br - zz) + offset) >> shift, 48-bit signed (docs/numerics.md, "Code").
//
// Five stages, one column a cycle, no flow control: en_i[k] moves stage dk (difference, wait for the record, products,
// sum, shift). mul_i belongs to d2, off_i to d3, shift_i to d4; v_o is valid from d5 on. diff_o is stage d0's result
// of branch 0, the raw score when zz_i is 0. With ZzEn = 0 zz_i counts as 0.
// VW = 48 gives v itself (over_o = 0). VW = 17 gives the sign of v, its 16 lowest bits, and in over_o whether v is beyond
// -65536 .. 65535: all that a saturated residual sum and a code need, with a shifter of a quarter of the size (by 16,
// by 4, by 1, over no more bits than the result needs).
// The upper 8 bits of the sum are added in the cycle of the shift: a chain of 48 bits is the longest path where carries
// ripple through cells.
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
  output logic [        VW-1:0] v_o,
  output logic                  over_o
);
  localparam int ProdW = AccW + 17;

  localparam int LowW  = 40;
  localparam int HighW = 48 - LowW;

  logic        [   BR*48-1:0] terms;
  logic        [  LowW+1:0] low;       // sum of the lower bits with its carries
  logic        [ HighW-1:0] high;      // sum of the upper bits of the products
  logic        [  LowW+1:0] low_q;
  logic        [ HighW-1:0] high_q;
  logic        [ HighW-1:0] off_high_q;
  logic        [ HighW-1:0] sum_high;
  logic signed [      47:0] sum;     // the sum, in the cycle of the shift
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
    assign low  = {2'b0, terms[LowW-1:0]} + {2'b0, terms[(BR-1)*48+:LowW]} + {2'b0, off_i[LowW-1:0]};
    assign high = terms[47-:HighW] + terms[BR*48-1-:HighW];
  end else begin : gen_one
    assign low  = {2'b0, terms[LowW-1:0]} + {2'b0, off_i[LowW-1:0]};
    assign high = terms[47-:HighW];
  end

  always_ff @(posedge clk_i) begin
    if (en_i[3]) begin
      low_q      <= low;
      high_q     <= high;
      off_high_q <= off_i[47-:HighW];
    end
  end
  assign sum_high = high_q + off_high_q + HighW'(low_q[LowW+1:LowW]);
  assign sum    = {sum_high, low_q[LowW-1:0]};
  assign v_o = v_q;

  if (VW == 48) begin : gen_exact
    always_ff @(posedge clk_i) begin
      if (en_i[4]) v_q <= sum >>> shift_i;
    end
    assign over_o = 1'b0;
  end else begin : gen_limited
    logic        sign;
    logic [31:0] by16;
    logic [19:0] by4;
    logic [15:0] by1;
    logic [ 2:0] differs;  // bits 23:20, 27:24, 31:28 of by16 are not the sign
    logic        over16;   // bits that each shifter drops above its result are not the sign
    logic        over4;
    logic        over1;
    logic        over_q;

    assign sign = sum[47];
    always_comb begin
      case (shift_i[5:4])
        2'd0: by16 = sum[31:0];
        2'd1: by16 = sum[47:16];
        default: by16 = {{16{sign}}, sum[47:32]};
      endcase
      case (shift_i[3:2])
        2'd0: by4 = by16[19:0];
        2'd1: by4 = by16[23:4];
        2'd2: by4 = by16[27:8];
        default: by4 = by16[31:12];
      endcase
      case (shift_i[1:0])
        2'd0: by1 = by4[15:0];
        2'd1: by1 = by4[16:1];
        2'd2: by1 = by4[17:2];
        default: by1 = by4[18:3];
      endcase
      for (int i = 0; i < 3; i = i + 1) differs[i] = (by16[20+4*i+:4] != {4{sign}});
      over16 = (shift_i[5:4] == 2'd0) && sum[47:32] != {16{sign}};
      case (shift_i[3:2])
        2'd0: over4 = (differs != 3'd0);
        2'd1: over4 = (differs[2:1] != 2'd0);
        2'd2: over4 = differs[2];
        default: over4 = 1'b0;
      endcase
      case (shift_i[1:0])
        2'd0: over1 = (by4[19:16] != {4{sign}});
        2'd1: over1 = (by4[19:17] != {3{sign}});
        2'd2: over1 = (by4[19:18] != {2{sign}});
        default: over1 = (by4[19] != sign);
      endcase
    end
    always_ff @(posedge clk_i) begin
      if (en_i[4]) begin
        v_q    <= {sign, by1};
        over_q <= over16 || over4 || over1;
      end
    end
    assign over_o = over_q;
  end

  if (ZzEn == 0) begin : gen_no_zz
    /* verilator lint_off UNUSED */
    wire unused_zz = |zz_i;
    /* verilator lint_on UNUSED */
  end
endmodule

`default_nettype wire
