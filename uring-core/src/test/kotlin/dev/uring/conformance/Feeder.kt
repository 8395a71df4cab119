package dev.uring.conformance

import kotlin.random.Random

/** How a peer hands its bytes over: what arrives must be the same however they were cut. */
internal sealed interface Feeder {
    /** The lengths of the pieces of a stream of [total] bytes, none of them 0. */
    fun pieces(total: Int): List<Int>

    /** All of it in one. */
    data object Whole : Feeder {
        override fun pieces(total: Int) = listOf(total)
    }

    /** Each byte for itself. */
    data object OneByteAtATime : Feeder {
        override fun pieces(total: Int) = List(total) { 1 }
    }

    /** Pieces of random lengths: small ones mostly, so that every boundary in a message is met. */
    data class RandomSplits(
        val seed: Long,
    ) : Feeder {
        override fun pieces(total: Int): List<Int> {
            val random = Random(seed)
            return buildList {
                var left = total
                while (left > 0) {
                    val longest = if (random.nextInt(4) == 0) left else minOf(left, 16)
                    add(random.nextInt(1, longest + 1).also { left -= it })
                }
            }
        }
    }
}
