package dev.uring.launcher

import kotlin.random.Random

/** Commands of the cache with arguments that often fit together and often do not. */
class RandomCommands(
    private val random: Random,
) {
    private val kinds =
        listOf<() -> List<String>>(
            { listOf("GET", key()) },
            { listOf("GET", key()) },
            { listOf("SET", key(), value()) },
            { listOf("SET", key(), value()) },
            { listOf("set", key(), value()) + some(SET_OPTIONS, 4) },
            { listOf("SET", key(), value()) + some(SET_OPTIONS, 4) },
            { listOf("SET", key(), value(), one("EX", "px"), TIMES.random(random)) },
            { listOf("SET", key(), value(), "PXAT", "4000000000000") },
            { listOf("SETNX", key(), value()) },
            { listOf("APPEND", key(), value().take(10)) },
            { listOf("STRLEN", key()) },
            { listOf("MGET") + some(KEYS, 6) },
            { listOf("MSET") + List(random.nextInt(0, 7)) { if (it % 2 == 0) key() else value() } },
            { listOf(one("DEL", "EXISTS")) + some(KEYS, 4) },
            { listOf(one("INCR", "DECR"), key()) },
            { listOf(one("INCRBY", "DECRBY"), key(), value()) },
            { listOf(one("EXPIRE", "PEXPIRE"), key(), TIMES.random(random)) + some(listOf("NX", "xx", "foo"), 2) },
            { listOf(one("EXPIREAT", "PEXPIREAT"), key(), TIMES.random(random)) + some(EXPIRE_OPTIONS, 2) },
            { listOf(one("TTL", "PTTL"), key()) },
            { listOf("PERSIST", key()) },
            { listOf("KEYS", one("*", "?", "[a-c]", "l*", "")) },
            { listOf("DBSIZE") },
            { listOf(one("ECHO", "PING"), value()) },
            { listOf("nonsense", key(), value()) },
            { listOf(one("GET", "SET", "TTL", "INCRBY", "KEYS", "DBSIZE")) + some(KEYS, 5) },
        )

    fun next(): List<String> = kinds.random(random)()

    private fun key() = KEYS.random(random)

    private fun value() = if (random.nextInt(3) == 0) "${random.nextInt(100)}" else VALUES.random(random)

    private fun one(vararg words: String) = words.random(random)

    private fun some(
        words: List<String>,
        countMax: Int,
    ) = List(random.nextInt(countMax + 1)) { words.random(random) }

    private companion object {
        val KEYS = listOf("a", "b", "c", "d", "e", "longer key with blanks", "")
        val NUMBERS = "0 1 -1 10 9223372036854775807 -9223372036854775808 9223372036854775808".split(' ')
        val VALUES = NUMBERS + listOf("abc", "", " 1", "1.5", "x".repeat(100), "y".repeat(3_000), "\u0000\r\n\u00ff")
        val SET_OPTIONS = "NX xx GET KEEPTTL EX px EXAT 4000000000 foo".split(' ')

        // With times that are absolute, for GT and LT compare them to the millisecond.
        val EXPIRE_OPTIONS = "NX XX gt LT foo".split(' ')

        // Past, or far enough away that no machine is too slow. In milliseconds too: what is left of some seconds would
        // be a small number, which is compared exactly. SET is given none that is past: what it says of such a key
        // stays in the memory of a real server for a while.
        val TIMES = "200000000 100000000 0 -1 x 9223372036854775807 4000000000 4000000000000".split(' ')
    }
}

/** Requests at the edges of the protocol: one in a line, with a bar for each line end. */
val PROTOCOL_ODDITIES: List<String> =
    """
    |
    ping hello|PING a b|*0|*-1|PING|
    PING "a|
    PING 'a'b|
    ECHO "\x41\n\q"|ECHO foo"b ar"|
    foo|foo a b|
    *2|$3|f||$4|a|b|
    *1|X4|
    *1||
    *1|$-1|
    *1|$536870913|
    *2147483648|
    *x|
    *01|
    *+1|
    *|
    QUIT|PING|
    CONFIG|CONFIG GET|CONFIG FOO|CLIENT|CLIENT FOO a|CLIENT SETNAME|COMMAND COUNT x|COMMAND FOO|
    CLIENT SETNAME "a b"|CLIENT GETNAME|CLIENT SETNAME ab|CLIENT GETNAME|RESET|CLIENT GETNAME|
    HELLO 4|HELLO x|HELLO 4294967298|HELLO 3 FOO|HELLO 3 SETNAME|HELLO 2 SETNAME "a b"|HELLO 3 AUTH nobody x|
    SELECT 0|SELECT 99|SELECT x|
    DECRBY k -9223372036854775808|MSET a|MSET a b c|FLUSHALL foo|FLUSHALL ASYNC|
    SCAN x|SCAN 18446744073709551616|SCAN 0 FOO|SCAN 0 COUNT 0|SCAN 0 COUNT x|SCAN 0 COUNT|
    EXPIRE k 1 NX XX|EXPIRE k 1 GT LT|EXPIRE k x FOO|EXPIRE k 9223372036854775807|
    SET k v EX 9223372036854775807|SET k v PX x FOO|SET k v EX 10 EX 200|TTL k|DEL k|
    """.trimIndent().lines().map {
        it.replace("|", "\r\n")
    } +
        listOf(
            "PING\n",
            "*1\r\n$4\rXPINGab",
            "*1\r\n\u00e4\r\n",
            "f\u0001oo\u0002 'a\\'b' \"c\\x00d\" \r\n",
            "x".repeat(200) + " b\r\n",
            "foo ${"a".repeat(200)} b\r\nfoo ${"a ".repeat(100)}\r\n",
            "a".repeat(200_000),
            "*" + "1".repeat(200_000),
            "*1\r\n$" + "1".repeat(200_000),
        )
