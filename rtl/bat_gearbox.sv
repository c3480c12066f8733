// SPDX-License-Identifier: Apache-2.0
// Changes the width of a little-endian word stream; both widths are powers of two.
//
// InW < OutW: InW-bit words are collected, the first in the lowest bits; the output is valid with the word
// that completes it. InW > OutW: an input is cut into OutW-bit words, lowest first. out_last_i tells that the
// present output word ends a transfer: what is left of the input word is dropped. restart_i with an accepted input
// makes the next input the first of a transfer (a transfer whose length is no whole output word ends so).
// Latency: 0 cycles. Throughput: one word of the narrower side a cycle.
// Flow control: valid/ready; in_ready_o depends on out_ready_i and out_last_i, never on in_valid_i.
`default_nettype none

module bat_gearbox #(
  parameter int InW  = 32,
  parameter int OutW = 64
) (
  input  wire             clk_i,
  input  wire             rst_ni,
  input  wire             in_valid_i,
  output logic            in_ready_o,
  input  wire  [ InW-1:0] in_data_i,
  input  wire             restart_i,
  output logic            out_valid_o,
  input  wire             out_ready_i,
  input  wire             out_last_i,
  output logic [OutW-1:0] out_data_o
);
  if (InW == OutW) begin : gen_same
    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = clk_i ^ rst_ni ^ out_last_i ^ restart_i;
    /* verilator lint_on UNUSED */
    assign out_valid_o = in_valid_i;
    assign in_ready_o  = out_ready_i;
    assign out_data_o  = in_data_i;
  end else if (InW < OutW) begin : gen_up
    localparam int Parts = OutW / InW;
    localparam int IdxW = $clog2(Parts);
    logic [IdxW-1:0] idx_q;
    logic [OutW-InW-1:0] parts_q;
    logic full;
    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = out_last_i;  // a transfer ends with a whole word
    /* verilator lint_on UNUSED */
    assign full        = idx_q == IdxW'(Parts - 1);
    assign out_valid_o = in_valid_i && full;
    assign in_ready_o  = out_ready_i || !full;
    assign out_data_o  = {in_data_i, parts_q};

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        idx_q <= '0;
      end else if (in_valid_i && in_ready_o) begin
        idx_q <= restart_i ? '0 : idx_q + IdxW'(1);  // wraps: Parts is a power of two
      end
    end

    for (genvar i = 0; i < Parts - 1; i = i + 1) begin : gen_part
      always_ff @(posedge clk_i) begin
        if (in_valid_i && idx_q == IdxW'(i)) parts_q[i*InW+:InW] <= in_data_i;
      end
    end
  end else begin : gen_down
    localparam int Parts = InW / OutW;
    localparam int IdxW = $clog2(Parts);
    logic [IdxW-1:0] idx_q;
    logic last;
    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = restart_i;  // every input begins with its lowest part
    /* verilator lint_on UNUSED */
    assign last        = out_last_i || idx_q == IdxW'(Parts - 1);
    assign out_valid_o = in_valid_i;
    assign in_ready_o  = out_ready_i && last;
    assign out_data_o  = in_data_i[idx_q*OutW+:OutW];

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        idx_q <= '0;
      end else if (in_valid_i && out_ready_i) begin
        idx_q <= last ? '0 : idx_q + IdxW'(1);
      end
    end
  end
endmodule

`default_nettype wire
