// SPDX-License-Identifier: Apache-2.0
// Sequence of layernorm_root's steps, one for all rows.
//
// start_i (with d_i valid and S, Q in place; ignored while steps run) begins; done_o is high in the one cycle after the
// last step, when rec_o and shift_o of the rows are valid. Latency from start_i to done_o: 41 + SumW cycles.
`default_nettype none

module layernorm_root_control #(
  parameter int MaxD = 768,
  // Derived, not to be set.
  parameter int SumW = 16 + $clog2(MaxD),
  parameter int DW   = $clog2(MaxD + 1)
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          start_i,
  input  logic [DW-1:0] d_i,
  output logic          done_o,
  output logic [   2:0] op_o,
  output logic [   4:0] k_o,
  output logic          dbit_o
);
  logic [   2:0] op_q;
  logic [   4:0] k_q;
  logic          done_q;
  logic [DW-1:0] d_q;
  logic          dbit;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      op_q   <= 3'd0;
      k_q    <= 5'd0;
      done_q <= 1'b0;
    end else begin
      done_q <= (op_q == 3'd6) && (k_q == 5'd0);
      if (op_q == 3'd0) begin
        if (start_i) op_q <= 3'd1;
      end else if (k_q != 5'd0) begin
        k_q <= k_q - 5'd1;
      end else begin
        op_q <= (op_q == 3'd6) ? 3'd0 : (op_q + 3'd1);
        case (op_q)
          3'd1: k_q <= 5'(SumW - 1);
          3'd2: k_q <= 5'd4;
          3'd3: k_q <= 5'd15;
          3'd5: k_q <= 5'd16;
          default: k_q <= 5'd0;
        endcase
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i && op_q == 3'd0) d_q <= d_i;
  end

  always_comb begin
    dbit = 1'b0;
    for (int i = 0; i < DW; i = i + 1) begin
      if (k_q == 5'(i)) dbit = d_q[i];
    end
  end

  assign done_o = done_q;
  assign op_o   = op_q;
  assign k_o    = k_q;
  assign dbit_o = dbit;
endmodule

`default_nettype wire
