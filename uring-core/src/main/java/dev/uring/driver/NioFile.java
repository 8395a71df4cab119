package dev.uring.driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * An open file.
 *
 * <p>The JDK lengthens a file only by writing to it. So what makes one longer excludes writers, who
 * otherwise exclude nobody: a zero must not fall on what they wrote.
 *
 * <p><i>Thread:</i> any of the pool's.
 */
final class NioFile {
  private final FileChannel channel;
  private final Path path;
  private final NioFileStatus opened;

  // It has no positions: the kernel refuses one, where a ring leaves it out.
  private final boolean isPipe;
  private final ReadWriteLock length = new ReentrantReadWriteLock();

  /** Without a channel it is a place: what O_PATH brings, to look at and to open later. */
  NioFile(FileChannel channel, Path path, NioFileStatus opened) {
    this.channel = channel;
    this.path = path;
    this.opened = opened;
    this.isPipe = opened.isPipe();
  }

  FileChannel channel() {
    return channel;
  }

  /** Whether both are the same file, by whatever names. */
  boolean isSame(NioFile other) {
    return opened.isSameFile(other.opened);
  }

  void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
  }

  /** Where it was opened. */
  Path path() {
    return path;
  }

  int read(ByteBuffer into, long position) throws IOException {
    return Math.max(isPipe ? channel.read(into) : channel.read(into, position), 0);
  }

  int write(ByteBuffer from, long position) throws IOException {
    if (isPipe) {
      return channel.write(from);
    }
    length.readLock().lock();
    try {
      return channel.write(from, position);
    } finally {
      length.readLock().unlock();
    }
  }

  /**
   * What is known about it. The JDK asks by name only: when the name is another file's by now, the
   * facts are those of the opening, and the size is always this one's.
   */
  NioFileStatus status() throws IOException {
    if (channel == null) {
      return opened;
    }
    NioFileStatus status;
    try {
      NioFileStatus named = NioFileStatus.of(path);
      status = named.isSameFile(opened) ? named : opened;
    } catch (NoSuchFileException removed) {
      status = opened;
    }
    return status.isRegular() ? status.withSize(channel.size()) : status;
  }

  int sync(boolean dataOnly) throws IOException {
    channel.force(!dataOnly);
    return 0;
  }

  /** Sees to it that the file is at least so long. */
  int lengthen(long bytes) throws IOException {
    length.writeLock().lock();
    try {
      if (channel.size() < bytes) {
        channel.write(ByteBuffer.allocate(1), bytes - 1);
      }
      return 0;
    } finally {
      length.writeLock().unlock();
    }
  }

  int truncate(long bytes) throws IOException {
    length.writeLock().lock();
    try {
      channel.truncate(bytes);
    } finally {
      length.writeLock().unlock();
    }
    return lengthen(bytes);
  }
}
