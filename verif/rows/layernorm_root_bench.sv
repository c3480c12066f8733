// SPDX-License-Identifier: Apache-2.0
// Test top: layernorm_root with the ring of sums and the chains of results, as the row slices hold them.
`default_nettype none

module layernorm_root_bench #(
  parameter int TR   = 4,
  parameter int MaxD = 4096
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        start_i,
  input  logic [12:0] d_i,
  input  logic        load_i,   // sums of row row_i
  input  logic [ 6:0] row_i,    // also: the row that is shown
  input  logic [63:0] sum_i,
  input  logic [63:0] sq_i,
  output logic        done_o,
  output logic [63:0] sum_o,
  output logic [63:0] sq_o,
  output logic [16:0] rec_o,
  output logic [ 4:0] shift_o
);
  localparam int SumW = 16 + $clog2(MaxD);
  localparam int SqW = 31 + $clog2(MaxD);
  localparam int DW = $clog2(MaxD + 1);

  logic [TR*SumW-1:0] sums_q;
  logic [ TR*SqW-1:0] squares_q;
  logic [  TR*17-1:0] recs_q;
  logic [   TR*5-1:0] shifts_q;
  logic               turn;
  logic               take_shift;
  logic               take_rec;
  logic [       16:0] rec;
  logic [        4:0] shift;

  layernorm_root #(
    .TR  (TR),
    .MaxD(MaxD)
  ) u_root (
    .clk_i,
    .rst_ni,
    .start_i,
    .d_i         (d_i[DW-1:0]),
    .sum_i       (sums_q[SumW-1:0]),
    .sq_i        (squares_q[SqW-1:0]),
    .turn_o      (turn),
    .take_shift_o(take_shift),
    .take_rec_o  (take_rec),
    .done_o,
    .shift_o     (shift),
    .rec_o       (rec)
  );

  for (genvar r = 0; r < TR; r = r + 1) begin : gen_row
    always_ff @(posedge clk_i) begin
      if (load_i && row_i == 7'(r)) begin
        sums_q[r*SumW+:SumW]  <= sum_i[SumW-1:0];
        squares_q[r*SqW+:SqW] <= sq_i[SqW-1:0];
      end else if (turn) begin
        sums_q[r*SumW+:SumW]  <= sums_q[((r+1)%TR)*SumW+:SumW];
        squares_q[r*SqW+:SqW] <= squares_q[((r+1)%TR)*SqW+:SqW];
      end
    end
    if (r == TR - 1) begin : gen_last
      always_ff @(posedge clk_i) begin
        if (take_rec) recs_q[r*17+:17] <= rec;
        if (take_shift) shifts_q[r*5+:5] <= shift;
      end
    end else begin : gen_chain
      always_ff @(posedge clk_i) begin
        if (take_rec) recs_q[r*17+:17] <= recs_q[(r+1)*17+:17];
        if (take_shift) shifts_q[r*5+:5] <= shifts_q[(r+1)*5+:5];
      end
    end
  end

  always_comb begin
    {sum_o, sq_o, rec_o, shift_o} = '0;
    for (int r = 0; r < TR; r = r + 1) begin
      if (row_i == 7'(r)) begin
        sum_o   = 64'(sums_q[r*SumW+:SumW]);
        sq_o    = 64'(squares_q[r*SqW+:SqW]);
        rec_o   = recs_q[r*17+:17];
        shift_o = shifts_q[r*5+:5];
      end
    end
  end

  /* verilator lint_off UNUSED */
  wire unused_bits = |{d_i, sum_i, sq_i};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
