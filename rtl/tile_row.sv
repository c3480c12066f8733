// SPDX-License-Identifier: Apache-2.0
// One row of the tile on its way to memory: picks the tile bits of the array or a code plane of the
// drain and fills the columns that do not count (act: 0, k: 1; docs/architecture.md, section 3).
//
// Combinational. bits_o is the unfilled row; column c of all rows together is the transposed word
// of a V tile.
`default_nettype none

module tile_row #(
  parameter int TC = 32
) (
  input  logic          tw_code_i,        // 1: code plane, 0: tile bits
  input  logic [TC-1:0] tw_cmask_i,       // columns that count
  input  logic [TC-1:0] tile_bits_i,
  input  logic [TC-1:0] code_bits_i,
  output logic [TC-1:0] bits_o,
  output logic [TC-1:0] act_bits_o,
  output logic [TC-1:0] k_bits_o
);
  assign bits_o     = tw_code_i ? code_bits_i : tile_bits_i;
  assign act_bits_o = bits_o & tw_cmask_i;
  assign k_bits_o   = bits_o | ~tw_cmask_i;
endmodule

`default_nettype wire
