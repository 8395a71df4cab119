package dev.uring.momento.codec

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Replay a failure with `-During.fuzz.seed=SEED`; the failing case prints its own seed. */
class ProtobufDifferentialTest :
    FunSpec({
        val seed = System.getProperty("uring.fuzz.seed")?.toLong()
        val rounds = if (seed != null) 1 else 10_000
        val first = seed ?: System.nanoTime()

        fun compare(
            isReply: Boolean,
            reference: (ByteArray) -> String?,
            feed: Feed.(ByteArray, MomentoLimits, Random) -> Decoded,
        ) {
            val faults = mutableSetOf<String>()
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val message = mutated(randomMessage(random, isReply), random)
                val expected = reference(message)
                withClue({ "-During.fuzz.seed=$caseSeed ${message.toHex()}" }) {
                    val whole = Feed.WHOLE.feed(frame(message), MomentoLimits.defaults(), Random(caseSeed))
                    val fault = whole.errorText
                    if (fault != null) faults += fault.substringAfter("momento: ").take(6)
                    if (fault == null || !isStricter(fault)) whole.messages.singleOrNull() shouldBe expected
                    for (way in Feed.entries) {
                        val limits = MomentoLimits.defaults().withGatherBytesMin(listOf(0, 10, 1 shl 20).random(random))
                        way.feed(frame(message), limits, Random(caseSeed)) shouldBe whole
                    }
                }
            }
            // A fuzzer that never meets an error tests half.
            if (seed == null) faults shouldContainAll listOf("field ", "wire t", "a numb")
        }

        test("any reply says what protobuf-java reads in it, however it is cut and wherever it waits") {
            compare(true, ProtobufReference::describeReply) { bytes, limits, random -> replies(bytes, limits, random) }
        }

        test("any command says what protobuf-java reads in it, however it is cut and wherever it waits") {
            compare(false, ProtobufReference::describeCommand) { bytes, limits, random ->
                commands(bytes, limits, random)
            }
        }

        test("what is written is what protobuf-java reads, with ids and values of every size") {
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val id = random.nextLong() ushr random.nextInt(64)
                val ttl = random.nextLong() ushr random.nextInt(64)
                val key = String(CharArray(random.nextInt(40)) { ' ' + random.nextInt(95) })
                val value = String(CharArray(random.nextInt(300)) { ' ' + random.nextInt(95) })
                val number = java.lang.Long.toUnsignedString(id)
                withClue("-During.fuzz.seed=$caseSeed") {
                    ProtobufReference.describeCommand(unframed(set(id, "ns", key, value, ttl))) shouldBe
                        "#$number NORMAL SET <ns> <$key> <$value> ${java.lang.Long.toUnsignedString(ttl)}"
                    ProtobufReference.describeCommand(unframed(get(id, "ns", key))) shouldBe
                        "#$number NORMAL GET <ns> <$key>"
                    val hit = written { MomentoReplyWriter.writeHit(it, id, value.toByteArray()) }
                    ProtobufReference.describeReply(unframed(hit)) shouldBe "#$number NORMAL GET <$value>"
                    val error =
                        written { MomentoReplyWriter.writeError(it, id, StatusCode.entries.random(random), key) }
                    Feed.WHOLE
                        .replies(error)
                        .messages
                        .single() shouldBe
                        ProtobufReference.describeReply(unframed(error))
                }
            }
        }
    })

// Where we take less than protobuf-java: groups, sizes that are small only when their upper bits are dropped, and
// numbers whose tenth byte says that more follow, which protobuf-java ends there.
private fun isStricter(fault: String): Boolean =
    "wire type 3" in fault || "a number of more than 10 bytes" in fault || Regex("of \\d{10,} bytes") in fault

private fun unframed(frame: ByteArray): ByteArray {
    var prefix = 0
    while (frame[prefix++] < 0) continue
    frame.size - prefix shouldBe
        (0 until prefix).fold(0) { size, at -> size or ((frame[at].toInt() and 0x7F) shl (7 * at)) }
    return frame.copyOfRange(prefix, frame.size)
}

private fun randomMessage(
    random: Random,
    isReply: Boolean,
): ByteArray =
    List(random.nextInt(1, 6)) {
        when (random.nextInt(6)) {
            0 -> number(random.nextInt(1, 4), random)
            1 -> unknown(random)
            2 -> if (isReply) ByteArray(0) else field(10, choice(random, 1, 5))
            else -> if (isReply) choice(random, 9, 14) else field(10, choice(random, 1, 5) + choice(random, 1, 6))
        }
    }.reduce(ByteArray::plus)

private fun choice(
    random: Random,
    from: Int,
    until: Int,
) = field(
    random.nextInt(from, until),
    List(random.nextInt(5)) {
        if (random.nextInt(4) == 0) number(random.nextInt(1, 6), random) else bytes(random.nextInt(1, 6), random)
    }.fold(ByteArray(0), ByteArray::plus),
)

private fun number(
    field: Int,
    random: Random,
) = varint(field.toLong() shl 3) + varint(random.nextLong() ushr random.nextInt(64))

private fun bytes(
    field: Int,
    random: Random,
) = field(field, ByteArray(random.nextInt(20)) { 'a'.code.toByte() })

private fun unknown(random: Random): ByteArray {
    val field = random.nextLong(14, 1L shl 29)
    return when (random.nextInt(3)) {
        0 -> varint(field shl 3 or 1) + random.nextBytes(8)
        1 -> varint(field shl 3 or 5) + random.nextBytes(4)
        else -> varint(field shl 3) + varint(random.nextLong())
    }
}

private fun field(
    number: Int,
    content: ByteArray,
) = varint(number.toLong() shl 3 or 2) + varint(content.size.toLong()) + content

private fun mutated(
    bytes: ByteArray,
    random: Random,
): ByteArray {
    if (bytes.isEmpty() || random.nextInt(3) > 0) return bytes
    return when (random.nextInt(3)) {
        0 -> bytes.copyOf(random.nextInt(bytes.size))
        1 -> bytes.also { it[random.nextInt(it.size)] = random.nextInt().toByte() }
        else -> bytes + random.nextBytes(random.nextInt(1, 12))
    }
}
