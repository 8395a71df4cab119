package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.base.FileException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/** Reads a directory, blocking: io_uring has no operation for it. */
final class DirectoryListing {
  private DirectoryListing() {}

  static List<DirectoryEntry> read(String path, int entriesMax) {
    List<DirectoryEntry> entries = new ArrayList<>();
    try (DirectoryStream<Path> names = Files.newDirectoryStream(Path.of(path))) {
      for (Path name : names) {
        if (entries.size() == entriesMax) {
          throw FileErrors.refusedHere(
              "list",
              path,
              "it has more than entriesMax="
                  + entriesMax
                  + " entries.\n  Give list() a larger limit, or keep such directories apart.");
        }
        entries.add(new DirectoryEntry(name.getFileName().toString(), typeOf(name)));
      }
      return List.copyOf(entries);
    } catch (IOException failure) {
      throw failed(path, failure);
    } catch (DirectoryIteratorException failure) {
      throw failed(path, failure.getCause());
    }
  }

  private static FileType typeOf(Path name) throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(name, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException goneMeanwhile) {
      return FileType.OTHER;
    }
    if (attributes.isRegularFile()) {
      return FileType.REGULAR;
    }
    if (attributes.isDirectory()) {
      return FileType.DIRECTORY;
    }
    return attributes.isSymbolicLink() ? FileType.SYMBOLIC_LINK : FileType.OTHER;
  }

  private static FileException failed(String path, IOException failure) {
    int errno = switch (failure) {
      case NoSuchFileException e -> Errno.ENOENT;
      case NotDirectoryException e -> Errno.ENOTDIR;
      case AccessDeniedException e -> Errno.EACCES;
      default -> Errno.EIO;
    };
    return FileErrors.refused("list", path, "", errno);
  }
}
