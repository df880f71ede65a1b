extension StoreSettings {
    /// A store as a command line names it: `sqlite`, or `postgresql:` and what would stand as its `connection`. Held to the same
    /// rules as in a file; problems call the whole of it `--to`.
    package static func read(target: String, passwordFile: String?) -> Result<StoreSettings, Problems> {
        let mistake = { (found: String) in
            Result<StoreSettings, Problems>.failure(
                Problems([
                    Problem(
                        file: "--to", found: found, expected: "sqlite, or 'postgresql:host=… dbname=… user=…'")
                ]))
        }
        let texts = [target, passwordFile ?? ""]
        guard texts.allSatisfy({ $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } }) else {
            return mistake("something with control characters")
        }
        let prefix = "\(Kind.postgresql.rawValue):"
        var lines: [String]
        if target == Kind.sqlite.rawValue {
            lines = ["type: sqlite"]
        } else if target.hasPrefix(prefix) {
            lines = ["type: postgresql", "connection: \(quoted(String(target.dropFirst(prefix.count))))"]
        } else {
            return mistake("a store that is none")
        }
        if let passwordFile { lines.append("password_file: \(quoted(passwordFile))") }
        do throws(Problems) {
            return .success(try settings(in: lines.joined(separator: "\n") + "\n"))
        } catch {
            return .failure(error)
        }
    }

    private static func settings(in text: String) throws(Problems) -> StoreSettings {
        let document = try Document.read(Array(text.utf8), file: "--to")
        guard let root = document.root else { throw Problems(document.problems) }
        var reading = Reading(
            file: "--to", moduleTypes: [:], providerTypes: [:], allowsInsecure: false, problems: document.problems)
        let settings = reading.readStore(root)
        guard reading.problems.isEmpty else { throw Problems(reading.problems, warnings: reading.warnings) }
        return settings
    }

    /// A text as YAML has it between single quotes.
    private static func quoted(_ text: String) -> String {
        "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
    }
}
