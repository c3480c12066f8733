// SPDX-License-Identifier: Apache-2.0
// One row of the tile on its way to memory: picks the tile bits of the array or a code plane of the
// drain and fills the columns that do not count (K: 1, ACT: 0; docs/architecture.md, section 3).
//
// Combinational. Column c of all rows together is the transposed word of a V tile, which is not
// filled.
`default_nettype none

module tile_row #(
  parameter int TC = 32
) (
  input  logic          tw_code_i,    // 1: code plane, 0: tile bits
  input  logic          tw_k_we_i,    // the tile goes to K
  input  logic          tw_v_we_i,    // or to V
  input  logic [TC-1:0] tw_cmask_i,   // columns that count
  input  logic [TC-1:0] tile_bits_i,
  input  logic [TC-1:0] code_bits_i,
  output logic [TC-1:0] bits_o
);
  logic [TC-1:0] bits;

  assign bits   = tw_code_i ? code_bits_i : tile_bits_i;
  assign bits_o = (bits & (tw_cmask_i | {TC{tw_v_we_i}})) | ({TC{tw_k_we_i}} & ~tw_cmask_i);
endmodule

`default_nettype wire
