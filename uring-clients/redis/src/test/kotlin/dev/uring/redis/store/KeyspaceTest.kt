package dev.uring.redis.store

import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.testing.leastAllocatedBytesOfEach
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class KeyspaceTest :
    FunSpec({
        test("a value that was stored is found, and its array is used again") {
            val keyspace = Keyspace()
            keyspace.get(bytes("k")) shouldBe null
            val entry = keyspace.set(bytes("k"), bytes("first value"))
            val array = entry.bytes()
            keyspace.set(bytes("k"), bytes("second"))
            keyspace.get(bytes("k"))?.text() shouldBe "second"
            (entry.bytes() === array) shouldBe true
            keyspace.size() shouldBe 1
        }

        test("a value that became much shorter does not keep its long array") {
            val entry = Keyspace().set(bytes("k"), bytes("v".repeat(10_000)))
            entry.set(bytes("short"))
            entry.text() shouldBe "short"
            entry.bytes().size shouldBe 5
        }

        test("appending byte by byte copies the value a logarithmic number of times") {
            val entry = Keyspace().getOrAdd(bytes("k"))
            val arrays = mutableSetOf<Int>()
            repeat(10_000) {
                entry.append(bytes("x"))
                arrays += System.identityHashCode(entry.bytes())
            }
            entry.text() shouldBe "x".repeat(10_000)
            arrays.size shouldBeLessThanOrEqual 30
        }

        test("keys of any length and content are told apart") {
            val keyspace = Keyspace()
            val random = Random(3)
            val keys =
                (0..40)
                    .flatMap { size ->
                        List(
                            if (size ==
                                0
                            ) {
                                1
                            } else {
                                5
                            },
                        ) { random.nextBytes(size).toList() }
                    }.toSet()
            for (key in keys) keyspace.set(ByteWindow.copyOf(key.toByteArray()), bytes(key.hashCode().toString()))
            keyspace.size() shouldBe keys.size
            for (key in keys) {
                keyspace.get(ByteWindow.copyOf(key.toByteArray()))?.text() shouldBe key.hashCode().toString()
            }
        }

        test("an entry is gone from its deadline on, for every reader") {
            var now = 1_000L
            val keyspace = Keyspace { now }
            keyspace.setDeadline(keyspace.set(bytes("k"), bytes("v")), 1_500)
            now = 1_499
            keyspace.contains(bytes("k")) shouldBe true
            now = 1_500
            keyspace.keys() shouldBe emptyList()
            keyspace.scanAll() shouldBe emptyList()
            keyspace.size() shouldBe 1
            keyspace.remove(bytes("k")) shouldBe false
            keyspace.size() shouldBe 0
            keyspace.contains(bytes("k")) shouldBe false
        }

        test("a deadline that has passed removes the entry at once") {
            val keyspace = Keyspace { 1_000 }
            keyspace.setDeadline(keyspace.set(bytes("past"), bytes("v")), 1_000)
            keyspace.setDeadline(keyspace.set(bytes("future"), bytes("v")), 1_001)
            keyspace.size() shouldBe 1
            keyspace.keys() shouldBe listOf("future")
        }

        test("storing clears a deadline, appending keeps it") {
            var now = 0L
            val keyspace = Keyspace { now }
            for (key in listOf("stored", "appended")) {
                keyspace.setDeadline(keyspace.set(bytes(key), bytes("v")), 10)
            }
            keyspace.set(bytes("stored"), bytes("w"))
            keyspace.getOrAdd(bytes("appended")).append(bytes("w"))
            now = 20
            keyspace.keys() shouldBe listOf("stored")
            keyspace.getOrAdd(bytes("appended")).text() shouldBe ""
        }

        test("due entries are freed earliest first, no more than asked for, and no others") {
            var now = 0L
            val keyspace = Keyspace { now }
            for (i in (1..100).shuffled(Random(1))) {
                keyspace.setDeadline(keyspace.set(bytes("k$i"), bytes("v")), i.toLong())
            }
            keyspace.set(bytes("forever"), bytes("v"))
            now = 60
            keyspace.expireDue(50) shouldBe 50
            keyspace.keys() shouldContainExactlyInAnyOrder (61..100).map { "k$it" } + "forever"
            keyspace.size() shouldBe 51
            keyspace.expireDue(50) shouldBe 10
            keyspace.expireDue(50) shouldBe 0
            keyspace.size() shouldBe 41
        }

        test("clear leaves nothing, and nothing of it comes back") {
            val keyspace = Keyspace { 0 }
            repeat(1_000) { keyspace.setDeadline(keyspace.set(bytes("k$it"), bytes("v")), 1) }
            keyspace.clear()
            keyspace.size() shouldBe 0
            keyspace.keys() shouldBe emptyList()
            keyspace.set(bytes("k1"), bytes("new"))
            keyspace.expireDue(100) shouldBe 0
            keyspace.get(bytes("k1"))?.text() shouldBe "new"
        }

        test("a scan visits every key that stays, while the table grows and shrinks under it") {
            repeat(200) { round ->
                val seed = 1_000L + round
                val random = Random(seed)
                val keyspace = Keyspace()
                val staying = (0 until random.nextInt(1, 400)).map { "stays$it" }
                for (key in staying) keyspace.set(bytes(key), bytes(""))
                var passing = 0
                val seen = mutableListOf<String>()
                var cursor = 0L
                do {
                    cursor = keyspace.scan(cursor, random.nextInt(1, 20)) { seen += it.keyText() }
                    // Enough comings and goings for several rehashes in both directions.
                    if (random.nextBoolean()) {
                        repeat(random.nextInt(200)) { keyspace.set(bytes("passes${passing++}"), bytes("")) }
                    } else {
                        repeat(random.nextInt(300)) { if (passing > 0) keyspace.remove(bytes("passes${--passing}")) }
                    }
                    check(seen.size < 1_000_000) { "seed=$seed: the scan does not end" }
                } while (cursor != 0L)
                withClue("seed=$seed") { seen shouldContainAll staying }
            }
        }

        test("one scan step stops soon, however sparse the table is") {
            val keyspace = Keyspace()
            repeat(100_000) { keyspace.set(bytes("k$it"), bytes("")) }
            repeat(99_990) { keyspace.remove(bytes("k$it")) }
            var steps = 0
            var cursor = 0L
            do {
                cursor = keyspace.scan(cursor, 1) {}
                steps++
            } while (cursor != 0L)
            steps shouldBeLessThanOrEqual 200_000
            keyspace.scanAll() shouldContainExactlyInAnyOrder (99_990 until 100_000).map { "k$it" }
        }

        test("random operations agree with a plain map") {
            val seed = System.nanoTime()
            val random = Random(seed)
            var now = 0L
            val keyspace = Keyspace { now }
            val model = mutableMapOf<String, Pair<String, Long>>()

            fun live(key: String) = model[key]?.takeIf { it.second > now }

            repeat(300_000) { step ->
                val key = "key" + random.nextInt(if (step % 20_000 < 10_000) 2_000 else 50)
                val value = "v" + random.nextInt(1_000_000)
                when (random.nextInt(8)) {
                    0, 1 -> {
                        keyspace.set(bytes(key), bytes(value))
                        model[key] = value to Entry.NEVER
                    }

                    2 -> {
                        val removed = keyspace.remove(bytes(key))
                        check(removed == (live(key) != null)) { "seed=$seed step=$step: remove said $removed" }
                        model -= key
                    }

                    3 -> {
                        val entry = keyspace.get(bytes(key))
                        val old = live(key)
                        if (entry != null && old != null) {
                            val deadline = if (random.nextInt(4) == 0) Entry.NEVER else now + random.nextInt(500)
                            keyspace.setDeadline(entry, deadline)
                            model[key] = old.first to deadline
                        }
                    }

                    4 -> {
                        keyspace.getOrAdd(bytes(key)).append(bytes("+"))
                        model[key] = ((live(key)?.first ?: "") + "+") to (live(key)?.second ?: Entry.NEVER)
                    }

                    5 -> {
                        keyspace.expireDue(10)
                    }

                    6 -> {
                        now += random.nextInt(3)
                    }
                }
                val found = keyspace.get(bytes(key))?.text()
                check(found == live(key)?.first) { "seed=$seed step=$step: $key is $found, not ${live(key)?.first}" }
            }
            withClue("seed=$seed") {
                keyspace.keys() shouldContainExactlyInAnyOrder model.keys.filter { live(it) != null }
                keyspace.scanAll().toSet() shouldBe keyspace.keys().toSet()
            }
        }

        test("getting, and storing what fits in place, allocates nothing") {
            val keyspace = Keyspace()
            val keys = List(1_000) { bytes("key:%012d".format(it)) }
            for (key in keys) keyspace.set(key, bytes("xxx"))
            val value = bytes("yyy")
            var at = 0
            leastAllocatedBytesOfEach {
                at = (at + 1) % keys.size
                keyspace.get(keys[at])
                keyspace.set(keys[at], value)
            } shouldBe 0
        }

        test("adding to a number in place allocates nothing") {
            val keyspace = Keyspace()
            val key = bytes("counter")
            keyspace.getOrAdd(key).setLong(0)
            leastAllocatedBytesOfEach {
                val entry = keyspace.getOrAdd(key)
                if (entry.isLong) entry.setLong(entry.toLong() + 1)
            } shouldBe 0
        }

        test("a number's text is a number, and no other text is") {
            val random = Random(System.nanoTime())
            val entry = Keyspace().getOrAdd(bytes("k"))
            val edges = listOf(0L, -1L, 9L, 10L, -10L, Long.MAX_VALUE, Long.MIN_VALUE)
            for (number in edges + List(5_000) { random.nextLong() shr random.nextInt(64) }) {
                entry.setLong(number)
                withClue(number) {
                    entry.text() shouldBe number.toString()
                    entry.isLong shouldBe true
                    entry.toLong() shouldBe number
                }
            }
            val others =
                listOf("", "-", "+1", "01", "-0", " 1", "1 ", "1.0", "9223372036854775808", "-9223372036854775809") +
                    listOf("9999999999999999999", "10000000000000000000", "x", "1x")
            for (text in others) {
                entry.set(bytes(text))
                withClue(text) { entry.isLong shouldBe false }
            }
        }
    })

private fun bytes(text: String): ByteView = ByteWindow.copyOf(text.toByteArray())

private fun Entry.text() = String(bytes(), 0, size())

private fun Entry.keyText() = String(key())

private fun Keyspace.keys(): List<String> = mutableListOf<String>().also { keys -> forEach { keys += it.keyText() } }

private fun Keyspace.scanAll(): List<String> =
    mutableListOf<String>().also { keys ->
        var cursor = 0L
        do {
            cursor = scan(cursor, 10) { keys += it.keyText() }
        } while (cursor != 0L)
    }
