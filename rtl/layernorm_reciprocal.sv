// SPDX-License-Identifier: Apache-2.0
// rec = floor(2^31 / root) for 2^15 <= root < 2^16, 0 for a smaller root; one bit a cycle, without restoring:
//   R <- 2R - root, or + root when R < 0;  quotient <- 2*quotient + (R >= 0);  at first R = 2^15
//
// The quotient has 16 bits except for root = 2^15, which gives 2^16. 16/Pace stages, each with one adder that serves
// Pace bits; stage s takes a row with load_i[s] and works while en_i[s], Pace cycles from then on.
// Latency: 16 cycles. Throughput: a row in Pace cycles. No flow control.
`default_nettype none

module layernorm_reciprocal #(
  parameter int Pace   = 1,  // 1, 2, 4, 8, 16
  // Derived, not to be set.
  parameter int Stages = 16 / Pace
) (
  input  logic              clk_i,
  input  logic [Stages-1:0] load_i,
  input  logic [Stages-1:0] en_i,
  input  logic [      15:0] root_i,
  output logic [      16:0] rec_o
);
  for (genvar s = 0; s < Stages; s = s + 1) begin : gen_stage
    localparam int After = (s + 1) * Pace;  // bits of the quotient

    logic [     15:0] root_in;
    logic [     16:0] rem_in;
    logic [After-1:0] quot_in;
    logic [     15:0] root_now;
    logic [     16:0] rem_now;
    logic [After-1:0] quot_now;
    logic             keep;                 // R is not negative
    logic [     16:0] rem_next;
    logic [     15:0] root_q;
    logic [     16:0] rem_q;
    logic [After-1:0] quot_q;

    if (s == 0) begin : gen_first
      assign root_in = root_i;
      assign rem_in  = 17'h08000;
      assign quot_in = '0;
    end else begin : gen_next
      assign root_in = gen_stage[s-1].root_q;
      assign rem_in  = gen_stage[s-1].rem_q;
      assign quot_in = {{Pace{1'b0}}, gen_stage[s-1].quot_q};
    end

    assign root_now = (Pace == 1 || load_i[s]) ? root_in : root_q;
    assign rem_now  = (Pace == 1 || load_i[s]) ? rem_in : rem_q;
    assign quot_now = (Pace == 1 || load_i[s]) ? quot_in : quot_q;
    assign keep     = !rem_now[16];
    // The lowest bit of 2R is 0 and holds the one that -root = ~root + 1 needs.
    assign rem_next = {rem_now[15:0], keep} + ({1'b0, root_now} ^ {17{keep}});

    always_ff @(posedge clk_i) begin
      if (en_i[s]) begin
        root_q <= root_now;
        rem_q  <= rem_next;
        quot_q <= (quot_now << 1) | After'(!rem_next[16]);
      end
    end

    /* verilator lint_off UNUSED */
    wire unused_bits = |rem_q;
    /* verilator lint_on UNUSED */
  end

  logic [15:0] root;
  logic [15:0] quot;
  assign root = gen_stage[Stages-1].root_q;
  assign quot = gen_stage[Stages-1].quot_q;
  always_comb begin
    rec_o = {1'b0, quot};
    if (root[14:0] == 15'd0) rec_o = 17'h10000;
    if (!root[15]) rec_o = 17'd0;
  end

  if (Pace == 1) begin : gen_unused_load
    /* verilator lint_off UNUSED */
    wire unused_load = |load_i;
    /* verilator lint_on UNUSED */
  end
endmodule

`default_nettype wire
