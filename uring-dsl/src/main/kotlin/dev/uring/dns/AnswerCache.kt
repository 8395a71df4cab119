package dev.uring.dns

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** What is known about a question: its records, that there are none, or why nobody could say. */
internal sealed interface Outcome {
    class Found(
        val records: List<AnswerRecord>,
    ) : Outcome

    class Absent(
        val kind: NameResolutionException.Kind,
        val answers: List<ServerAnswer>,
    ) : Outcome

    class Failed(
        val kind: NameResolutionException.Kind,
        val answers: List<ServerAnswer>,
        val detail: String? = null,
    ) : Outcome
}

/**
 * The answers that one worker keeps until their time is over, [ResolverConfig.cacheEntriesMax] of them.
 *
 * Invariant: no failure is kept; the next to ask may be luckier.
 * Thread: the worker.
 */
internal class AnswerCache(
    private val config: ResolverConfig,
    private val nanoTime: () -> Long,
) {
    private class Entry(
        val outcome: Outcome,
        val expiresNanos: Long,
    )

    // In the order of use, so that the first is the one unused for longest.
    private val entries = LinkedHashMap<Question, Entry>(INITIAL_CAPACITY, LOAD_FACTOR, true)

    val size: Int get() = entries.size

    operator fun get(question: Question): Outcome? {
        val entry = entries[question] ?: return null
        if (nanoTime() - entry.expiresNanos < 0) return entry.outcome
        entries.remove(question)
        return null
    }

    fun clear() = entries.clear()

    /** Keeps [outcome] for [ttlSeconds] within the bounds; not at all when that is null. */
    fun put(
        question: Question,
        outcome: Outcome,
        ttlSeconds: Long?,
    ) {
        val kept =
            when {
                ttlSeconds == null -> return
                outcome is Outcome.Found -> ttlSeconds.seconds.coerceIn(config.ttlMin, config.ttlMax)
                outcome is Outcome.Absent -> ttlSeconds.seconds.coerceAtMost(config.negativeTtlMax)
                else -> return
            }
        if (kept == Duration.ZERO || config.cacheEntriesMax == 0) return
        entries[question] = Entry(outcome, nanoTime() + kept.inWholeNanoseconds)
        if (entries.size > config.cacheEntriesMax) entries.remove(entries.keys.first())
    }

    private companion object {
        const val INITIAL_CAPACITY = 16
        const val LOAD_FACTOR = 0.75f
    }
}
