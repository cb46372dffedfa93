// SIGINT and SIGTERM end the program at once and leave nothing half-written, even while a library
// blocks in a read.
#pragma once

namespace cubemill {

/// Starts the thread that waits for these signals; call before any other thread is made.
void watch_for_interrupts();

}  // namespace cubemill
