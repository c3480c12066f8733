// SPDX-License-Identifier: Apache-2.0
// root = floor(sqrt(m)), one bit a cycle, without restoring:
//   R <- 4R + the next two bits of m - (4*root + 1), or + (4*root + 3) when R < 0;  root <- 2*root + (R >= 0)
//
// 16/Pace stages, each with one adder that serves Pace bits; stage s takes a row with load_i[s] and works while en_i[s],
// Pace cycles from then on. With i bits of the root found, R is within i + 2 bits.
// Latency: 16 cycles. Throughput: a row in Pace cycles. No flow control.
`default_nettype none

module layernorm_sqrt #(
  parameter int Pace   = 1,  // 1, 2, 4, 8, 16
  // Derived, not to be set.
  parameter int Stages = 16 / Pace
) (
  input  logic              clk_i,
  input  logic [Stages-1:0] load_i,
  input  logic [Stages-1:0] en_i,
  input  logic [      31:0] m_i,
  output logic [      15:0] root_o
);
  for (genvar s = 0; s < Stages; s = s + 1) begin : gen_stage
    localparam int Before = s * Pace;      // bits of the root that are there
    localparam int After = Before + Pace;
    localparam int MW = 32 - 2 * Before;   // bits of m that are left

    logic [   MW-1:0] m_in;
    logic [After+1:0] rem_in;
    logic [After-1:0] root_in;
    logic [   MW-1:0] m_now;
    logic [After+1:0] rem_now;
    logic [After-1:0] root_now;
    logic             keep;                // R is not negative
    logic [After+1:0] rem_next;
    logic [   MW-1:0] m_q;
    logic [After+1:0] rem_q;
    logic [After-1:0] root_q;

    if (s == 0) begin : gen_first
      assign m_in    = m_i;
      assign rem_in  = '0;
      assign root_in = '0;
    end else begin : gen_next
      assign m_in    = gen_stage[s-1].m_q[MW+2*Pace-1-:MW];
      assign rem_in  = {{Pace{gen_stage[s-1].rem_q[Before+1]}}, gen_stage[s-1].rem_q};
      assign root_in = {{Pace{1'b0}}, gen_stage[s-1].root_q};
    end

    assign m_now    = (Pace == 1 || load_i[s]) ? m_in : m_q;
    assign rem_now  = (Pace == 1 || load_i[s]) ? rem_in : rem_q;
    assign root_now = (Pace == 1 || load_i[s]) ? root_in : root_q;
    assign keep     = !rem_now[After+1];
    // -(4*root + 1) = ~root, 1, 1 and 4*root + 3 = root, 1, 1.
    if (After == 1) begin : gen_narrow
      assign rem_next = {1'b0, m_now[MW-1-:2]} + 3'b111;
    end else begin : gen_wide
      assign rem_next = {rem_now[After-1:0], m_now[MW-1-:2]}
                      + {root_now[After-1:0] ^ {After{keep}}, 2'b11};
    end

    always_ff @(posedge clk_i) begin
      if (en_i[s]) begin
        m_q    <= m_now << 2;
        rem_q  <= rem_next;
        root_q <= (root_now << 1) | After'(!rem_next[After+1]);
      end
    end

    /* verilator lint_off UNUSED */
    wire unused_bits = |{m_q, rem_q, rem_now, keep};
    /* verilator lint_on UNUSED */
  end

  assign root_o = gen_stage[Stages-1].root_q;

  if (Pace == 1) begin : gen_unused_load
    /* verilator lint_off UNUSED */
    wire unused_load = |load_i;
    /* verilator lint_on UNUSED */
  end
endmodule

`default_nettype wire
