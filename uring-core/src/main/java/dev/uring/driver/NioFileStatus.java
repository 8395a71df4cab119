package dev.uring.driver;

import dev.uring.abi.Fcntl;
import dev.uring.abi.Layouts;
import dev.uring.buffer.Block;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * What the JDK knows about a file, in the form that {@link StatusOperation} reads: the kernel's
 * {@code statx}.
 */
final class NioFileStatus {
  private static final String WANTED =
      "unix:mode,ino,dev,nlink,uid,gid,size,lastModifiedTime,lastAccessTime";
  private static final int BLOCK_BYTES = 512;

  private final Map<String, Object> attributes;

  private NioFileStatus(Map<String, Object> attributes) {
    this.attributes = attributes;
  }

  /** Asks about a path, through symbolic links unless an option says otherwise. */
  static NioFileStatus of(Path path, LinkOption... options) throws IOException {
    return new NioFileStatus(Files.readAttributes(path, WANTED, options));
  }

  /** Whether both are of the same file, whatever its name. */
  boolean isSameFile(NioFileStatus other) {
    return attributes.get("ino").equals(other.attributes.get("ino"))
        && attributes.get("dev").equals(other.attributes.get("dev"));
  }

  NioFileStatus withSize(long bytes) {
    Map<String, Object> changed = new HashMap<>(attributes);
    changed.put("size", bytes);
    return new NioFileStatus(changed);
  }

  boolean isRegular() {
    return type() == Fcntl.S_IFREG;
  }

  boolean isPipe() {
    return type() == Fcntl.S_IFIFO;
  }

  private long type() {
    return number("mode") & Fcntl.S_IFMT;
  }

  void write(Block block) {
    MemorySegment facts = block.memory().asSlice(block.offset(), Layouts.STATX_BYTES);
    facts.fill((byte) 0);
    long size = number("size");
    // The JDK does not tell what a file takes: what it would without holes.
    long blocks = (size + BLOCK_BYTES - 1) / BLOCK_BYTES;
    facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_MASK, Fcntl.STATX_BASIC_STATS);
    facts.set(ValueLayout.JAVA_SHORT_UNALIGNED, Layouts.STATX_MODE, (short) number("mode"));
    facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_NLINK, (int) number("nlink"));
    facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_UID, (int) number("uid"));
    facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_GID, (int) number("gid"));
    facts.set(ValueLayout.JAVA_LONG_UNALIGNED, Layouts.STATX_INO, number("ino"));
    facts.set(ValueLayout.JAVA_LONG_UNALIGNED, Layouts.STATX_SIZE, size);
    facts.set(ValueLayout.JAVA_LONG_UNALIGNED, Layouts.STATX_BLOCKS, blocks);
    Instant modified = time("lastModifiedTime");
    facts.set(ValueLayout.JAVA_LONG_UNALIGNED, Layouts.STATX_MTIME_SEC, modified.getEpochSecond());
    facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_MTIME_NSEC, modified.getNano());
    Instant accessed = time("lastAccessTime");
    facts.set(ValueLayout.JAVA_LONG_UNALIGNED, Layouts.STATX_ATIME_SEC, accessed.getEpochSecond());
    facts.set(ValueLayout.JAVA_INT_UNALIGNED, Layouts.STATX_ATIME_NSEC, accessed.getNano());
  }

  private long number(String name) {
    return ((Number) attributes.get(name)).longValue();
  }

  private Instant time(String name) {
    return ((FileTime) attributes.get(name)).toInstant();
  }
}
