package dev.uring.file;

import dev.uring.abi.Fcntl;

/** What kind of thing a path names. */
public enum FileType {
  /** Bytes on a file system. */
  REGULAR,
  /** A directory. */
  DIRECTORY,
  /** A symbolic link. */
  SYMBOLIC_LINK,
  /** A disk. */
  BLOCK_DEVICE,
  /** A pipe, a socket or a character device. */
  OTHER;

  static FileType ofMode(int mode) {
    return switch (mode & Fcntl.S_IFMT) {
      case Fcntl.S_IFREG -> REGULAR;
      case Fcntl.S_IFDIR -> DIRECTORY;
      case Fcntl.S_IFLNK -> SYMBOLIC_LINK;
      case Fcntl.S_IFBLK -> BLOCK_DEVICE;
      default -> OTHER;
    };
  }
}
