package dev.uring.message

import dev.uring.message.codec.Message
import java.util.concurrent.ThreadLocalRandom
import java.util.concurrent.atomic.AtomicReferenceArray

/**
 * Which channel has which number. Numbers are random, so that one that a program has kept too long is most often
 * nobody's, and one that was given back is not given out again before [RETIRED_COUNT] others were.
 *
 * Any thread; looking up takes no lock.
 */
internal class ChannelNumbers {
    private val channels = AtomicReferenceArray<Any?>(SIZE)

    // Guarded by itself. Of channels' ends only, which no message waits for.
    private val retired = ArrayDeque<Int>(RETIRED_COUNT)

    operator fun get(number: Int): Channel? = channels[number] as? Channel

    /** Gives the channel that [make] makes a number; null when all are taken. */
    inline fun <C : Channel> add(make: (number: Int) -> C): C? {
        val number = reserve()
        if (number == Message.CHANNEL_NONE) return null
        val channel = make(number)
        channels[number] = channel
        return channel
    }

    fun remove(channel: Channel) {
        if (!channels.compareAndSet(channel.number, channel, RETIRED)) return
        synchronized(retired) {
            if (retired.size == RETIRED_COUNT) channels[retired.removeFirst()] = null
            retired.addLast(channel.number)
        }
    }

    fun all(): List<Channel> = (0 until SIZE).mapNotNull { channels[it] as? Channel }

    private fun reserve(): Int {
        val random = ThreadLocalRandom.current()
        repeat(TRIES) {
            val number = random.nextInt(1, Message.CHANNEL_ENGINE)
            if (channels.compareAndSet(number, null, RESERVED)) return number
        }
        // Nearly all are taken: one after the other from anywhere.
        val from = random.nextInt(SIZE)
        for (i in 0 until SIZE) {
            val number = (from + i) % SIZE
            val isOne = number != Message.CHANNEL_NONE && number != Message.CHANNEL_ENGINE
            if (isOne && channels.compareAndSet(number, null, RESERVED)) return number
        }
        return Message.CHANNEL_NONE
    }

    private companion object {
        const val SIZE = 1 shl 16
        const val RETIRED_COUNT = 1024
        const val TRIES = 64
        val RESERVED = Any()
        val RETIRED = Any()
    }
}
