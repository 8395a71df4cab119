package dev.uring.driver;

import dev.uring.abi.Layouts;
import dev.uring.buffer.Block;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kernel's description of a gathered send: a {@code msghdr} followed by its {@code iovec}s, in
 * one block.
 */
final class MessageHeader {
  private MessageHeader() {}

  static int bytesFor(int partsCount) {
    return Layouts.MSGHDR_BYTES + partsCount * Layouts.IOVEC_BYTES;
  }

  /** Writes the description; returns the address of the {@code msghdr}. */
  static long write(SendOperation operation, Block block) {
    MemorySegment memory = block.memory();
    long header = block.offset();
    long vectors = header + Layouts.MSGHDR_BYTES;
    // A block is used again and again: every field is written, the unused ones with zero.
    memory.asSlice(header, Layouts.MSGHDR_BYTES).fill((byte) 0);
    memory.set(ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_IOV, memory.address() + vectors);
    memory.set(ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_IOVLEN, operation.partsCount());
    for (int i = 0; i < operation.partsCount(); i++) {
      long vector = vectors + (long) i * Layouts.IOVEC_BYTES;
      memory.set(
          ValueLayout.JAVA_LONG, vector + Layouts.IOVEC_BASE, operation.part(i).address());
      memory.set(
          ValueLayout.JAVA_LONG, vector + Layouts.IOVEC_LEN, operation.part(i).length());
    }
    return memory.address() + header;
  }
}
