/**
 * The programs that {@code bench file} measures: random direct reads of 4 KiB, each by another way.
 *
 * <p>All of them read the same file in the same order for a seed, look at the same words of every
 * block, and keep {@code depth} reads under way; what differs is only how they ask.
 */
package dev.uring.bench.file;
