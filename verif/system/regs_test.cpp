// SPDX-License-Identifier: Apache-2.0
#include "regs.hpp"

#include <gtest/gtest.h>

#include "Vbat_regs.h"
#include "verif/system/bench.hpp"

namespace bat::bench {
namespace {

/// AXI4-Lite master whose channels run on their own, each with random delays.
class RegsBench {
 public:
  explicit RegsBench(unsigned seed) : random_(seed) {
    std::memset(&dut_->soft_reset_i, 0, sizeof dut_->soft_reset_i);
    dut_->s_axil_awvalid_i = dut_->s_axil_wvalid_i = dut_->s_axil_bready_i = 0;
    dut_->s_axil_arvalid_i = dut_->s_axil_rready_i = 0;
    dut_->irq_done_set_i = dut_->irq_error_set_i = 0;
    dut_.reset();
  }

  void write(std::uint32_t address, std::uint32_t data, unsigned strobe = 0xF) {
    bool aw_sent = false;
    bool w_sent = false;
    bool answered = false;
    for (int i = 0; i < 400 && !answered; ++i) {
      // Once valid, a channel stays valid until taken.
      dut_->s_axil_awvalid_i = !aw_sent && (dut_->s_axil_awvalid_i || random_.chance(30));
      dut_->s_axil_wvalid_i = !w_sent && (dut_->s_axil_wvalid_i || random_.chance(30));
      dut_->s_axil_awaddr_i = static_cast<SData>(address);
      dut_->s_axil_wdata_i = data;
      dut_->s_axil_wstrb_i = static_cast<CData>(strobe);
      dut_->s_axil_bready_i = random_.chance(40);
      dut_.settle();
      aw_sent |= dut_->s_axil_awvalid_i && dut_->s_axil_awready_o;
      w_sent |= dut_->s_axil_wvalid_i && dut_->s_axil_wready_o;
      answered = dut_->s_axil_bvalid_o && dut_->s_axil_bready_i;
      ASSERT_FALSE(dut_->s_axil_bvalid_o && !(aw_sent && w_sent));
      tick();
    }
    ASSERT_TRUE(answered);
    dut_->s_axil_awvalid_i = dut_->s_axil_wvalid_i = 0;
  }

  std::uint32_t read(std::uint32_t address) {
    bool sent = false;
    for (int i = 0; i < 400; ++i) {
      dut_->s_axil_arvalid_i = !sent && (dut_->s_axil_arvalid_i || random_.chance(50));
      dut_->s_axil_araddr_i = static_cast<SData>(address);
      dut_->s_axil_rready_i = random_.chance(40);
      dut_.settle();
      dut_->counters_data_i = 0xC0000000U + dut_->counters_index_o;
      dut_.settle();
      sent |= dut_->s_axil_arvalid_i && dut_->s_axil_arready_o;
      const bool answered = dut_->s_axil_rvalid_o && dut_->s_axil_rready_i;
      const std::uint32_t data = dut_->s_axil_rdata_o;
      tick();
      if (answered) {
        dut_->s_axil_arvalid_i = 0;
        return data;
      }
    }
    ADD_FAILURE() << "no answer";
    return 0;
  }

  void tick() {
    pushes_ += dut_->job_push_we_o;
    soft_resets_ += dut_->ctrl_soft_reset_o;
    clears_ += dut_->ctrl_clear_counters_o;
    dut_.tick();
  }

  Bench<Vbat_regs> dut_;
  Random random_;
  int pushes_ = 0;
  int soft_resets_ = 0;
  int clears_ = 0;
};

TEST(BatRegs, ConstantsAndStatus) {
  RegsBench bench(1);
  EXPECT_EQ(bench.read(bat_regs::kMagic), 0x30544142U);
  bench.dut_->status_busy_i = 1;
  bench.dut_->status_queued_i = 3;
  EXPECT_EQ(bench.read(bat_regs::kStatus) & 1U, 1U);
  EXPECT_EQ((bench.read(bat_regs::kStatus) >> bat_regs::kStatusQueuedLsb) & 0xFFU, 3U);
  bench.dut_->error_code_i = 4;
  bench.dut_->error_source_i = 2;
  bench.dut_->error_index_i = 77;
  EXPECT_EQ(bench.read(bat_regs::kError), 77U << 16 | 2U << 8 | 4U);
  bench.dut_->jobs_done_i = 12345;
  EXPECT_EQ(bench.read(bat_regs::kJobsDone), 12345U);
  EXPECT_EQ(bench.read(0x7F0), 0U);
  for (unsigned i = 0; i < 38; ++i) EXPECT_EQ(bench.read(0x80 + 4 * i), 0xC0000000U + i);
  EXPECT_EQ(bench.read(0x80 + 4 * 38), 0U);
}

TEST(BatRegs, ReadWriteWithStrobesInAnyOrder) {
  RegsBench bench(2);
  const std::uint32_t offsets[] = {bat_regs::kModelBaseLo, bat_regs::kModelBaseHi,
                                   bat_regs::kJobProgramLo, bat_regs::kJobInputLo,
                                   bat_regs::kJobOutputHi};
  std::uint32_t model[5] = {};
  for (int i = 0; i < 300; ++i) {
    const std::uint32_t which = bench.random_.below(5);
    const std::uint32_t data = bench.random_.word();
    const unsigned strobe = bench.random_.below(16);
    bench.write(offsets[which], data, strobe);
    for (unsigned b = 0; b < 4; ++b) {
      if ((strobe >> b) & 1U) {
        model[which] = (model[which] & ~(0xFFU << (8 * b))) | (data & (0xFFU << (8 * b)));
      }
    }
    const std::uint32_t other = bench.random_.below(5);
    ASSERT_EQ(bench.read(offsets[other]), model[other]);
  }
  EXPECT_EQ(bench.dut_->model_base_lo_o, model[0]);
  EXPECT_EQ(bench.dut_->job_output_hi_o, model[4]);
  bench.write(bat_regs::kMagic, 0);
  EXPECT_EQ(bench.read(bat_regs::kMagic), 0x30544142U);
}

TEST(BatRegs, PulsesAndEvents) {
  RegsBench bench(3);
  bench.write(bat_regs::kCtrl, 0x5);
  EXPECT_TRUE(bench.dut_->ctrl_enable_o);
  EXPECT_EQ(bench.soft_resets_ + bench.clears_, 0);
  bench.write(bat_regs::kCtrl, 0xF);
  EXPECT_EQ(bench.soft_resets_, 1);
  EXPECT_EQ(bench.clears_, 1);
  EXPECT_EQ(bench.read(bat_regs::kCtrl), 0x5U);
  bench.dut_->ctrl_soft_reset_busy_i = 1;
  EXPECT_EQ(bench.read(bat_regs::kCtrl), 0x7U);
  bench.write(bat_regs::kJobPush, 0);
  EXPECT_EQ(bench.pushes_, 1);
  bench.dut_->irq_done_set_i = bench.dut_->irq_error_set_i = 1;
  bench.tick();
  bench.dut_->irq_done_set_i = bench.dut_->irq_error_set_i = 0;
  EXPECT_EQ(bench.read(bat_regs::kIrq), 3U);
  bench.write(bat_regs::kIrq, 1);
  EXPECT_EQ(bench.read(bat_regs::kIrq), 2U);
  bench.dut_->soft_reset_i = 1;
  bench.tick();
  bench.dut_->soft_reset_i = 0;
  EXPECT_EQ(bench.read(bat_regs::kIrq), 0U);
  EXPECT_EQ(bench.read(bat_regs::kCtrl) & 1U, 1U);
}

}  // namespace
}  // namespace bat::bench
