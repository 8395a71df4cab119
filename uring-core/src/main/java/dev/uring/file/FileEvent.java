package dev.uring.file;

/**
 * Something that happened to a watched path.
 *
 * @param kind what
 * @param name the entry of a watched directory; empty when it is about the path itself
 * @param cookie of a rename, the number that the two names have in common; otherwise 0
 * @param isDirectory whether it is about a directory
 */
public record FileEvent(FileEventKind kind, String name, int cookie, boolean isDirectory) {}
