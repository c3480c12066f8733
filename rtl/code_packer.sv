// SPDX-License-Identifier: Apache-2.0
// Turns codes (Lanes a cycle, Planes bits each) into plane words of `Width` bits, lane 0 of the first beat lowest.
//
// Plane p is a shift register that takes Lanes bits when en_i[p]; after Width/Lanes beats it holds a whole word. With
// Skew = 1 the bits of plane p are delayed by p cycles (of ce_i) first, so that en_i[p] is en_i[0] delayed by p and the
// planes of one word are complete one cycle after the other: one write port takes them at full rate without a second
// buffer. With Skew = 0 all planes shift together and are read at leisure.
// Latency: word_o shows plane sel_i in the cycle after the last beat of that plane. No flow control.
`default_nettype none

module code_packer #(
  parameter int Lanes  = 4,
  parameter int Width  = 64,
  parameter int Planes = 4,
  parameter int Skew   = 1
) (
  input  wire                     clk_i,
  input  wire                     ce_i,
  input  wire  [      Planes-1:0] en_i,
  input  wire  [Lanes*Planes-1:0] codes_i,  // plane-major: bit p*Lanes + l
  input  wire  [             2:0] sel_i,
  output logic [       Width-1:0] word_o
);
  logic [Planes*Width-1:0] words;

  for (genvar p = 0; p < Planes; p = p + 1) begin : gen_plane
    logic [Lanes-1:0] bits;
    logic [Width-1:0] word_q;

    if (Skew != 0 && p > 0) begin : gen_skew
      logic [p*Lanes-1:0] delay_q;
      if (p == 1) begin : gen_one
        always_ff @(posedge clk_i) if (ce_i) delay_q <= codes_i[p*Lanes+:Lanes];
      end else begin : gen_more
        always_ff @(posedge clk_i) if (ce_i) delay_q <= {codes_i[p*Lanes+:Lanes], delay_q[p*Lanes-1:Lanes]};
      end
      assign bits = delay_q[Lanes-1:0];
    end else begin : gen_direct
      assign bits = codes_i[p*Lanes+:Lanes];
    end

    if (Width > Lanes) begin : gen_shift
      always_ff @(posedge clk_i) if (en_i[p]) word_q <= {bits, word_q[Width-1:Lanes]};
    end else begin : gen_load
      always_ff @(posedge clk_i) if (en_i[p]) word_q <= bits;
    end
    assign words[p*Width+:Width] = word_q;
  end

  always_comb begin
    word_o = words[Width-1:0];
    for (int p = 1; p < Planes; p = p + 1) begin
      if (sel_i == 3'(p)) word_o = words[p*Width+:Width];
    end
  end

  if (Skew == 0 || Planes == 1) begin : gen_unused_ce
    /* verilator lint_off UNUSED */
    wire unused_ce = ce_i;
    /* verilator lint_on UNUSED */
  end
endmodule

`default_nettype wire
