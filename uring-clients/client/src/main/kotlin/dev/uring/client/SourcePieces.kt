package dev.uring.client

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.io.Source

/** 64 KiB: two receive buffers of the default size; more at a time is no quicker. */
public const val PIECE_BYTES: Int = 64 * 1024

/**
 * The bytes of this source in pieces of [pieceBytes], the last one shorter, until it has no more.
 *
 * ### Ownership
 * Whole pieces are the same array each time: whoever collects is done with one before it asks for the next. The source is
 * read, and stays the caller's to close.
 * ### Threading and cancellation
 * Read where the flow is collected: on a worker it must not block.
 */
public fun Source.pieces(pieceBytes: Int = PIECE_BYTES): Flow<ByteArray> {
    require(pieceBytes > 0) { "pieceBytes=$pieceBytes must be positive" }
    return flow {
        val piece = ByteArray(pieceBytes)
        do {
            val size = fill(piece)
            if (size > 0) emit(if (size == piece.size) piece else piece.copyOf(size))
        } while (size == piece.size)
    }
}

private fun Source.fill(piece: ByteArray): Int {
    var size = 0
    while (size < piece.size) {
        val count = readAtMostTo(piece, size, piece.size)
        if (count < 0) break
        size += count
    }
    return size
}
