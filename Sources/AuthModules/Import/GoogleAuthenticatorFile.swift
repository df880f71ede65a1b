internal import Authentication

/// The file that google-authenticator(1) writes: the key in base32, options behind a `"`, scratch codes.
package enum GoogleAuthenticatorFile {
    /// Reads the one device of a file, which is `account`'s. `now` is in Unix seconds: no step can have been used long
    /// after it.
    package static func read(
        _ text: Span<UInt8>, named file: String, account: String, now: Int64
    ) throws(ImportFailure) -> ForeignDevice {
        let lines = ImportText.lines(text)
        let first = ImportPlace(file: file, line: 1)
        guard let secret = lines.first else { throw first.failure("expected a secret in base32") }
        guard let key = key(text.extracting(secret)) else {
            throw first.failure("what stands there is no secret in base32")
        }
        var contents = Contents()
        for (index, line) in lines.enumerated().dropFirst() {
            try contents.take(text, line, at: ImportPlace(file: file, line: index + 1))
        }
        // What the module takes for HOTP, whatever else stands there.
        let kind: ForeignDevice.Kind = contents.counter > 0 ? .hotp : .totp
        var made = ForeignDevice.Parameters()
        made.period = contents.period
        made.counter = contents.counter
        made.usedUntil = contents.lastStep(at: now)
        return try ForeignDevice(
            first, account: account, kind: kind, made, key: key, notes: contents.notes(of: kind, at: now))
    }

    /// As google-authenticator takes it: 0, 1 and 8 for O, L and B.
    private static func key(_ text: Span<UInt8>) -> Secret? {
        let letters = Secret(count: text.count) { target in
            for index in text.indices {
                target[index] =
                    switch text[index] {
                    case UInt8(ascii: "0"): UInt8(ascii: "O")
                    case UInt8(ascii: "1"): UInt8(ascii: "L")
                    case UInt8(ascii: "8"): UInt8(ascii: "B")
                    case let other: other
                    }
            }
        }
        guard let key = letters.withBytes({ Base32.decode($0) }), key.count > 0 else { return nil }
        return key
    }

    /// What stands below the key.
    private struct Contents {
        var counter: Int64 = 0
        var period: Int64 = 30
        var used: Int64?
        private var options: Set<String> = []
        private var window: Int64?
        private var rate: (attempts: Int64, seconds: Int64)?
        private var skew: String?
        private var scratchCodes = 0

        mutating func take(_ text: Span<UInt8>, _ line: Range<Int>, at place: ImportPlace) throws(ImportFailure) {
            guard !line.isEmpty else { return }
            guard text[line.lowerBound] == UInt8(ascii: "\"") else {
                guard line.count == 8, ImportText.number(text.extracting(line)) != nil else {
                    throw place.failure("expected an option behind a \" or a scratch code of eight digits")
                }
                scratchCodes += 1
                return
            }
            let words = ImportText.words(text, in: line.lowerBound + 1..<line.upperBound)
            guard let first = words.first else { throw place.failure("expected the name of an option") }
            let option = ImportText.text(text.extracting(first))
            // The module reads the first of several.
            guard options.insert(option).inserted else { return }
            let values = words.dropFirst()
            var numbers: [Int64] = []
            if !["TIME_SKEW", "RESETTING_TIME_SKEW", "TOTP_AUTH"].contains(option), !option.hasPrefix("LAST") {
                for value in values {
                    guard let number = ImportText.number(text.extracting(value)) else {
                        throw place.failure("\(option) has a value that is no number")
                    }
                    numbers.append(number)
                }
            }
            try set(option, numbers, at: place)
            if option == "TIME_SKEW" { skew = values.first.map { ImportText.text(text.extracting($0)) } }
        }

        private mutating func set(
            _ option: String, _ numbers: [Int64], at place: ImportPlace
        ) throws(ImportFailure) {
            switch option {
            case "HOTP_COUNTER":
                guard let number = numbers.first, number > 0 else {
                    throw place.failure("HOTP_COUNTER has no counter from 1")
                }
                counter = number
            case "STEP_SIZE":
                guard let number = numbers.first else { throw place.failure("STEP_SIZE has no number of seconds") }
                period = number
            case "WINDOW_SIZE": window = numbers.first
            case "RATE_LIMIT":
                guard numbers.count >= 2 else { throw place.failure("RATE_LIMIT needs two numbers") }
                rate = (numbers[0], numbers[1])
            case "DISALLOW_REUSE": used = numbers.max()
            case _: break
            }
        }

        /// The last step that was used, but no later one than could be accepted now: users may write the file, and whoever's
        /// phone was far ahead would be kept out until then.
        func lastStep(at now: Int64) -> Int64? {
            guard let used else { return nil }
            // google-authenticator keeps the step that the phone was in, which differs from the host's by the skew.
            let latest = max(now, 0) / max(period, 1) + 1
            guard used > latest else { return used }
            let (corrected, overflow) = used.subtractingReportingOverflow(skew.flatMap { Int64($0) } ?? 0)
            return overflow ? latest : min(corrected, latest)
        }

        /// What could not be carried over.
        func notes(of kind: ForeignDevice.Kind, at now: Int64) -> [String] {
            var notes: [String] = []
            if scratchCodes > 0 {
                notes.append(
                    "\(scratchCodes) scratch codes of eight digits are too easily guessed and were left behind: enrol "
                        + "recovery_code for new ones.")
            }
            if let window {
                notes.append("WINDOW_SIZE \(window) was left behind: \(kind.ownWindow)")
            }
            if let rate {
                notes.append(
                    "RATE_LIMIT \(rate.attempts) in \(rate.seconds) s was left behind: failures are counted and delayed "
                        + "for the account.")
            }
            if kind == .totp, !options.contains("DISALLOW_REUSE") {
                notes.append("Its codes could be used again and again; from now on each is good once.")
            }
            if let skew, skew != "0" {
                notes.append(
                    "TIME_SKEW \(skew) was left behind, steps by which the phone's clock was off: its codes are wrong until it "
                        + "is set.")
            }
            if kind == .totp, let used, let step = lastStep(at: now), step != used {
                notes.append(
                    "The step \(used) that was used last is still to come, and was taken for \(step): set the phone's clock."
                )
            }
            if options.contains(where: { $0.hasPrefix("LAST") }) {
                notes.append("Hosts that were let in without a code for a while will be asked again.")
            }
            let known = [
                "HOTP_COUNTER", "STEP_SIZE", "WINDOW_SIZE", "RATE_LIMIT", "DISALLOW_REUSE", "TIME_SKEW",
                "RESETTING_TIME_SKEW", "TOTP_AUTH",
            ]
            for option in options.sorted() where !known.contains(option) && !option.hasPrefix("LAST") {
                notes.append("The option \(option) is not known and was left behind.")
            }
            return notes
        }
    }
}

extension ForeignDevice.Kind {
    /// What holds in place of a window of the file's own.
    fileprivate var ownWindow: String {
        switch self {
        case .totp:
            "the module's own window holds for every device, which is at most one step to either side. twostep verify "
                + "tells how far off a phone is."
        case .hotp, .fido2: "the module's look_ahead holds for every device."
        }
    }
}
