package dev.uring.dns

/**
 * What name servers and the files of a system say: messages, `resolv.conf`, `hosts`, and names that users give.
 *
 * The first byte of an input chooses: `m` a message, `r` resolv.conf, `h` hosts, `n` a name.
 */
internal object DnsFuzz {
    /** What the fuzzer calls. */
    @JvmStatic
    fun fuzzerTestOneInput(input: ByteArray) {
        if (input.isEmpty()) return
        val rest = input.copyOfRange(1, input.size)
        val text = String(rest, Charsets.ISO_8859_1)
        when (input[0].toInt().toChar()) {
            'm' -> message(rest)
            'r' -> resolvConf(text)
            'h' -> hosts(text)
            'n' -> name(text)
        }
    }

    private fun message(bytes: ByteArray) {
        val message = MessageCodec.decodeOrNull(bytes) ?: return
        check(message.askedName == null || message.hasQuestion) { "asked for ${message.askedName} without a question" }
        check(message.negativeTtlSeconds == null || message.negativeTtlSeconds >= 0) { "${message.negativeTtlSeconds}" }
        for (answer in message.answers) {
            check(answer.ttlSeconds in 0..Int.MAX_VALUE.toLong()) { "ttl=${answer.ttlSeconds}" }
            check(answer.owner == HostName.lower(answer.owner)) { "owner=${answer.owner}" }
            if (answer is AnswerRecord.Service) check(answer.service.port in 0..65_535) { "${answer.service}" }
        }
    }

    private fun resolvConf(text: String) {
        val read = ResolvConf.parse(text)
        check(read.servers.all { it.port in 1..65_535 && !it.isUnresolved }) { "servers=${read.servers}" }
        check(read.search.all { it.isNotEmpty() }) { "search=${read.search}" }
        check((read.ndots ?: 0) >= 0 && (read.attempts ?: 1) > 0) { "ndots=${read.ndots}, attempts=${read.attempts}" }
        check(read.timeout?.isPositive() ?: true) { "timeout=${read.timeout}" }
    }

    private fun hosts(text: String) {
        val read = HostsFile.parse(text)
        for (word in text.split(Regex("\\s+"))) read[HostName.lower(word)]
        check(read.problems.all { it.startsWith("line ") }) { "${read.problems}" }
    }

    // What is a name is one again as it is written, and can be asked for.
    private fun name(text: String) {
        val name = HostName.parseOrNull(text) ?: return
        check(HostName.parseOrNull(name.text)?.text == name.text) { "${name.text} is no name" }
        val sent = MessageCodec.encode(7, name.text, RecordType.A, ednsPayloadBytes = 1_232, paddingBlockBytes = 128)
        val asked = checkNotNull(MessageCodec.decodeOrNull(sent)) { "the question for ${name.text} cannot be read" }
        check(asked.askedName == name.text && asked.askedType == RecordType.A.code) {
            "${name.text} is asked for as ${asked.askedName}, type ${asked.askedType}"
        }
    }
}
