package dev.uring.file;

/** How much a sync brings to the medium. */
public enum SyncMode {
  /** The content, and what is needed to read it again, such as the size; {@code fdatasync(2)}. */
  DATA,
  /** Times and the like as well; {@code fsync(2)}. */
  DATA_AND_METADATA
}
