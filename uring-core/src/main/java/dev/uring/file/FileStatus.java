package dev.uring.file;

import java.time.Instant;

/**
 * What a file system knows about a file.
 *
 * @param type what kind of thing it is
 * @param sizeBytes size of its content
 * @param allocatedBytes what it takes on its device; less than the size where it has holes
 * @param permissions the nine bits of {@code chmod} and the three above them
 * @param modifiedAt when its content last changed
 * @param accessedAt when it was last read, as far as the file system notes that
 * @param userId its owner
 * @param groupId its group
 * @param linksCount names it has
 * @param inode its number on its file system
 */
public record FileStatus(
    FileType type,
    long sizeBytes,
    long allocatedBytes,
    int permissions,
    Instant modifiedAt,
    Instant accessedAt,
    int userId,
    int groupId,
    int linksCount,
    long inode) {}
