// SPDX-License-Identifier: Apache-2.0
// AXI4 read master shared by three clients: 0 fetch, 1 weight DMA, 2 ROW unit.
//
// A request names a beat-aligned byte address and a number of beats; it is cut into INCR bursts that pass neither
// MaxBurst beats nor a 4 KiB boundary. Each client has one request under way; the next burst is that of fetch, else of
// the ROW unit, else of the DMA: what is asked for least goes first and waits for one burst at most.
// One AXI ID: data return in the order of the bursts, and a FIFO of client tags, one a burst, says whose they are.
// Clients ask only for what they can take whatever the others do; so no client can block another for ever.
// Latency: 2 cycles from request to ARVALID, 0 from RVALID to the client. Throughput: a burst every cycle, also of
// requests of one burst, and a beat a cycle. Flow control: valid/ready.
// Errors: an error response raises error_valid_o with the client. From then on, and while halt_i, no burst is begun,
// data are accepted and dropped; idle_o tells when nothing is outstanding.
`default_nettype none

module axi_read #(
  parameter int AxiW        = 64,
  parameter int AxiAddrW    = 32,
  parameter int MaxBurst    = 16,  // beats, power of two up to 256
  parameter int Outstanding = 8    // bursts in flight
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  input  wire                   halt_i,
  output logic                  idle_o,
  output logic                  beat_o,            // a beat is taken in this cycle
  output logic                  error_valid_o,
  output logic [           1:0] error_client_o,
  // Clients, client c at bit or slice c.
  input  wire  [           2:0] req_valid_i,
  output logic [           2:0] req_ready_o,
  input  wire  [3*AxiAddrW-1:0] req_addr_i,
  input  wire  [        71:0]   req_beats_i,
  output logic [           2:0] rsp_valid_o,
  input  wire  [           2:0] rsp_ready_i,
  output logic [      AxiW-1:0] rsp_data_o,        // to all clients
  // AXI4 read channels.
  output logic                  m_axi_arvalid_o,
  input  wire                   m_axi_arready_i,
  output logic [  AxiAddrW-1:0] m_axi_araddr_o,
  output logic [           7:0] m_axi_arlen_o,
  input  wire                   m_axi_rvalid_i,
  output logic                  m_axi_rready_o,
  input  wire  [      AxiW-1:0] m_axi_rdata_i,
  input  wire  [           1:0] m_axi_rresp_i
);
  localparam int ByteShift = $clog2(AxiW / 8);
  localparam int PageBeats = 4096 >> ByteShift;
  localparam int PageW = $clog2(PageBeats);
  localparam int BurstW = 9;  // 1 .. 256 beats

  logic drop;
  logic error_q;

  // ---------------------------------------------------------------- requests: one of each client is cut into bursts
  logic [2:0] valid_q;
  logic [2:0] accept;
  logic [2:0] finish;  // the last burst of the client's request is issued
  logic [2:0] grant;   // whose burst is next
  logic [1:0] client;
  logic [AxiAddrW-1:0] addr;
  logic [23:0] left;
  logic [AxiAddrW-1:0] addr_next;
  logic [23:0] left_next;
  logic issue;
  logic last_burst;

  assign grant  = valid_q[0] ? 3'b001 : valid_q[2] ? 3'b100 : valid_q[1] ? 3'b010 : 3'b000;
  assign client = grant[2] ? 2'd2 : grant[1] ? 2'd1 : 2'd0;
  assign finish = (issue && last_burst) ? grant : 3'b000;

  assign req_ready_o = drop ? 3'b000 : (~valid_q | finish);
  assign accept      = req_valid_i & req_ready_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 3'b000;
    else valid_q <= (valid_q & ~finish) | accept;
  end

  logic [3*AxiAddrW-1:0] addr_q;
  logic [71:0] left_q;
  for (genvar c = 0; c < 3; c = c + 1) begin : gen_client
    always_ff @(posedge clk_i) begin
      if (accept[c]) begin
        addr_q[c*AxiAddrW+:AxiAddrW] <= req_addr_i[c*AxiAddrW+:AxiAddrW];
        left_q[c*24+:24] <= req_beats_i[c*24+:24];
      end else if (issue && grant[c]) begin
        addr_q[c*AxiAddrW+:AxiAddrW] <= addr_next;
        left_q[c*24+:24] <= left_next;
      end
    end
  end
  assign addr = grant[2] ? addr_q[2*AxiAddrW+:AxiAddrW] : grant[1] ? addr_q[AxiAddrW+:AxiAddrW] : addr_q[0+:AxiAddrW];
  assign left = grant[2] ? left_q[48+:24] : grant[1] ? left_q[24+:24] : left_q[0+:24];

  // ---------------------------------------------------------------- burst length
  logic [PageW:0] to_page_end;
  logic [BurstW-1:0] limit;
  logic [BurstW-1:0] burst;
  logic [BurstW-1:0] burst_len;  // as AXI counts: beats - 1

  assign to_page_end = (PageW + 1)'(PageBeats) - {1'b0, addr[11:ByteShift]};
  assign limit       = (32'(to_page_end) < MaxBurst) ? BurstW'(to_page_end) : BurstW'(MaxBurst);
  assign last_burst  = left <= 24'(limit);
  assign burst_len   = burst - BurstW'(1);
  assign burst       = last_burst ? left[BurstW-1:0] : limit;
  assign addr_next   = addr + (AxiAddrW'(burst) << ByteShift);
  assign left_next   = left - 24'(burst);

  logic tag_ready;
  assign issue = grant != 3'b000 && !drop && tag_ready && (!m_axi_arvalid_o || m_axi_arready_i);

  // ---------------------------------------------------------------- AR channel
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) m_axi_arvalid_o <= 1'b0;
    else if (issue) m_axi_arvalid_o <= 1'b1;
    else if (m_axi_arready_i) m_axi_arvalid_o <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (issue) begin
      m_axi_araddr_o <= addr;
      m_axi_arlen_o  <= burst_len[7:0];
    end
  end

  // ---------------------------------------------------------------- data: the tag FIFO knows whose
  logic tag_valid;
  logic tag_pop;
  logic [1:0] tag_client;
  logic [7:0] tag_len;
  logic [7:0] beat_q;
  logic [2:0] to_client;
  logic [$clog2(Outstanding+1)-1:0] tag_count;
  logic take;
  logic bad;

  bat_fifo #(
    .Width(10),
    .Depth(Outstanding)
  ) u_tags (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (issue),
    .in_ready_o (tag_ready),
    .in_data_i  ({client, burst_len[7:0]}),
    .out_valid_o(tag_valid),
    .out_ready_i(tag_pop),
    .out_data_o ({tag_client, tag_len}),
    .count_o    (tag_count)
  );

  assign drop           = halt_i || error_q;
  assign to_client      = tag_valid ? (3'b001 << tag_client) : 3'b000;
  assign bad            = m_axi_rresp_i[1];
  assign m_axi_rready_o = tag_valid && (drop || (to_client & rsp_ready_i) != 3'b000);
  assign rsp_valid_o    = (m_axi_rvalid_i && !drop && !bad) ? to_client : 3'b000;
  assign rsp_data_o     = m_axi_rdata_i;
  assign take           = m_axi_rvalid_i && m_axi_rready_o;
  assign tag_pop        = take && beat_q == tag_len;
  assign beat_o         = take;
  assign error_valid_o  = take && bad && !error_q;
  assign error_client_o = tag_client;
  assign idle_o         = tag_count == '0;  // a tag lives from the decision to issue to the last beat

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_q  <= '0;
      error_q <= 1'b0;
    end else begin
      if (take) beat_q <= tag_pop ? '0 : beat_q + 8'd1;
      if (take && bad) error_q <= 1'b1;
    end
  end

  /* verilator lint_off UNUSED */
  logic unused;
  assign unused = m_axi_rresp_i[0] ^ burst_len[8];
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
