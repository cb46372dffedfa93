#include "io/spill_claim.hpp"

#include "cubemill/base/error.hpp"

namespace cubemill {

// A purge may take the file for a dead run's until it is locked and has its header: then it has the
// lock, or has removed the name already, and we make another file.
DiskFile make_spill(const std::string& folder, const SpillHeader& header) {
  for (;;) {
    DiskFile file = DiskFile::make_unique(spill_stem(folder), spill_ending);
    try {
      if (file.lock() != DiskFile::Lock::others && file.is_named()) {
        write_spill_header(file, header);
        return file;
      }
    } catch (...) {
      file.unlink();
      throw;
    }
    file.unlink();
  }
}

DiskFile open_spill(const std::string& path, const SpillHeader& expected) {
  DiskFile file = DiskFile::open_existing(path);
  if (file.lock() == DiskFile::Lock::others)
    throw IoError(path, "a run that lives uses this spill file: wait for it or stop it");
  SpillHeader header;
  if (read_spill_header(file, header) != SpillHeaderState::whole)
    throw IoError(path, "is no whole spill file: remove it and start anew");
  if (header.owner != expected.owner)
    throw IoError(path, "is the spill file of another run, " + header.owner + ", not of " +
                            expected.owner + ": start anew");
  if (header.layout != expected.layout)
    throw IoError(path, "is the spill file of a run with other sums: start anew");
  if (header.host != expected.host) write_spill_header(file, expected);
  return file;
}

}  // namespace cubemill
