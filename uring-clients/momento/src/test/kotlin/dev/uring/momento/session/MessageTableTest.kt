package dev.uring.momento.session

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class MessageTableTest :
    FunSpec({
        test("a table holds what a map holds, whatever is put and removed in whichever order") {
            val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            withClue("-During.fuzz.seed=$seed") {
                val random = Random(seed)
                repeat(200) {
                    val table = MessageTable<String>()
                    val map = HashMap<Long, String>()
                    // Few low bits, so that places are wanted by many.
                    val stride = 1L shl random.nextInt(12)
                    repeat(500) {
                        val id = random.nextLong(1, 200) * stride
                        if (random.nextInt(5) < 2) {
                            table.remove(id) shouldBe map.remove(id)
                        } else if (id !in map) {
                            table.put(id, "$id")
                            map[id] = "$id"
                        }
                        table.get(id) shouldBe map[id]
                        table.count() shouldBe map.size
                    }
                    table.sortedIds().toList() shouldBe map.keys.sorted()
                    for (id in map.keys) table.get(id) shouldBe "$id"
                }
            }
        }
    })
