package dev.uring.file;

/**
 * A name in a directory.
 *
 * @param name the name, without the directory's path
 * @param type what it names; a symbolic link is not followed
 */
public record DirectoryEntry(String name, FileType type) {}
