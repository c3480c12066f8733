// SPDX-License-Identifier: Apache-2.0
#include "models/io/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace bat::io {
namespace {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return fd_; }
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

Error system_error(const std::filesystem::path& path, const char* action) {
  return Error{fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(errno))};
}

template <typename Bytes>
Result<Bytes> read_all(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_error(path, "open");
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return system_error(path, "read");
  if (!S_ISREG(info.st_mode)) return Error{path.string() + ": not a regular file"};
  Bytes bytes(static_cast<std::size_t>(info.st_size), {});
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read");
    if (got == 0) return Error{path.string() + ": became shorter while it was read"};
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

bool write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

/// A new file beside `path`, so that the rename stays inside one file system.
std::pair<Descriptor, std::filesystem::path> create_beside(const std::filesystem::path& path) {
  constexpr int kAttempts = 100;
  std::filesystem::path name;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    name = path;
    name += fmt::format(".{}.{}.tmp", ::getpid(), attempt);
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return {Descriptor(fd), name};
  }
  return {Descriptor(-1), name};
}

}  // namespace

Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path) {
  return read_all<std::vector<std::uint8_t>>(path);
}

Result<std::string> read_text(const std::filesystem::path& path) {
  return read_all<std::string>(path);
}

Status write_file_atomic(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  auto [file, temporary] = create_beside(path);
  if (file.get() < 0) return system_error(path, "create");
  const bool written = write_all(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close() &&
                       ::rename(temporary.c_str(), path.c_str()) == 0;
  if (written) return Ok{};
  const Error error = system_error(path, "write");
  ::unlink(temporary.c_str());
  return error;
}

Status write_text_atomic(const std::filesystem::path& path, std::string_view text) {
  return write_file_atomic(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace bat::io
