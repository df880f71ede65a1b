import Authentication

extension Reading {
    /// A provider's or a module's map, as it was meant.
    struct TypedMap {
        /// The map, with the key `type` spelt as it should be.
        var map: Setting
        /// A type that is known; nil, and noted, where none was meant.
        var type: String?
        /// What the map calls its type; nil if it does not say.
        var word: String?
        /// The type is not what was written, but near to it.
        var isGuessed = false
    }

    /// Finds the type that a provider's or a module's map names; notes what is wrong with it. Nil if it is no map.
    mutating func typed(_ item: Setting, _ what: String, among known: [String]) -> TypedMap? {
        guard case .map(var entries) = item.value else {
            refuse(item, "\(what) is \(item.found)", expected: "a map with a type")
            return nil
        }
        var index = entries.firstIndex { $0.key == "type" }
        if index == nil {
            // A misspelt key is told as what it is; the type is then missing for that reason.
            index = entries.firstIndex { Nearness.suggestion(for: $0.key, among: ["type"]) != nil }
            let near = index.map { entries[$0] }
            refuse(
                near?.place ?? item.place, near.map { "the key '\($0.key)' in \(what)" } ?? "\(what) without a type",
                expected: "type: \(Reading.words(known))", suggestion: near.map { _ in "type" })
        }
        guard let index else { return TypedMap(map: item) }
        let entry = entries[index]
        entries[index] = Setting.Entry(key: "type", line: entry.line, column: entry.column, value: entry.value)
        var typed = TypedMap(map: Setting(.map(entries), line: item.line, column: item.column))
        typed.word = text(entry.value, "type")
        guard let word = typed.word else { return typed }
        let found = knownType(word, entry.value, what, among: known)
        typed.type = found.type
        typed.isGuessed = found.isGuessed
        return typed
    }

    /// What can be told of a map whose type nobody knows: keys that are misspelt whatever it is, and its id.
    mutating func untyped<Kind>(
        _ typed: TypedMap, _ what: String, _ common: Set<String>, known: Set<String>, _ kind: Kind.Type
    ) -> [String: Setting] {
        guard case .map(let entries) = typed.map.value else { return [:] }
        var values: [String: Setting] = [:]
        for entry in entries {
            values[entry.key] = entry.value
            guard !known.contains(entry.key), let near = Nearness.suggestion(for: entry.key, among: common),
                !entries.contains(where: { $0.key == near })
            else { continue }
            refuse(
                entry.place, "the key '\(entry.key)' in \(what)",
                expected: "\(Reading.words(common)) and the type's own",
                suggestion: near)
            values[near] = entry.value
        }
        let word = typed.word ?? ""
        unknown.insert(word)
        if let named = identity(values["id"], word, kind) { unknown.insert(named.description) }
        return values
    }

    /// A bare word as a type: itself, or the one that was probably meant; nil, and noted, where it is near to none.
    mutating func knownType(
        _ word: String, _ setting: Setting, _ what: String, among known: [String]
    ) -> (type: String?, isGuessed: Bool) {
        if known.contains(where: { $0.utf8.elementsEqual(word.utf8) }) { return (word, false) }
        let suggestion = Nearness.suggestion(for: word, among: known)
        refuse(
            setting, "the type '\(word)' for \(what)", expected: Reading.words(known), suggestion: suggestion)
        return (suggestion, suggestion != nil)
    }

    /// The pair of type and id; nil, and noted, if the id is none.
    mutating func identity<Kind>(_ id: Setting?, _ type: String, _ kind: Kind.Type) -> Identity<Kind>? {
        guard let id else { return Identity(type) }
        guard case .text(let word, _) = id.value, Reading.isIdentifier(word) else {
            refuse(id, "id is \(id.found)", expected: "1 to 64 letters, digits, '.', '_' or '-'")
            return nil
        }
        return Identity(type, id: word)
    }

    /// What can stand on a PAM line, in a menu and in a log without quotes, and has one spelling alone.
    private static func isIdentifier(_ word: String) -> Bool {
        (1...64).contains(word.utf8.count)
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                case _: false
                }
            }
    }

    /// What `make` makes of these values; nil, and noted, if it refuses any of them.
    ///
    /// A refused value is taken away and the rest tried again, so that all are told and not the first alone.
    mutating func made<Made>(
        of values: [String: Setting], at place: Place, _ make: (Settings) throws(SettingFailure) -> Made
    ) -> Made? {
        var rest = Setting(
            .map(
                values.sorted { $0.key < $1.key }.map { key, value in
                    Setting.Entry(key: key, line: 0, column: 0, value: value)
                }), line: 0, column: 0)
        var emptied: Set<Place> = []
        while problems.count <= Problems.limit {
            guard case .map(let entries) = rest.value else { return nil }
            let settings = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            do throws(SettingFailure) {
                let made = try make(Settings(settings))
                return emptied.isEmpty ? made : nil
            } catch {
                let fault = Place(line: error.line, column: error.column)
                let removed = error.line > 0 ? rest.removing(fault) : nil
                // What is wrong only for want of what was taken away is no news.
                if emptied.isEmpty || (removed != nil && !emptied.contains(fault)) {
                    refuse(error, at: error.line > 0 ? fault : place)
                }
                guard let removed else { return nil }
                rest = removed.rest
                emptied.formUnion(removed.holders)
            }
        }
        return nil
    }
}
