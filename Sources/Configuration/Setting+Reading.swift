import Authentication

extension Setting {
    var place: Place { Place(line: line, column: column) }

    /// Whether both say the same, wherever they stand; the order of a map's keys says nothing.
    func says(_ other: Setting) -> Bool {
        switch (value, other.value) {
        case (.text, .text), (.nothing, .nothing): return value == other.value
        case (.list(let mine), .list(let theirs)):
            return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.says($1) }
        case (.map(let mine), .map(let theirs)):
            let others = Dictionary(theirs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            return mine.count == theirs.count
                && mine.allSatisfy { entry in others[entry.key].map { entry.value.says($0) } ?? false }
        case (.text, _), (.list, _), (.map, _), (.nothing, _): return false
        }
    }
}

extension Setting.Entry {
    var place: Place { Place(line: line, column: column) }
}

extension Setting {
    var isEmptyList: Bool { value == .list([]) }

    /// The same without what stands at `place` somewhere in it, and where the lists and maps are that held it; nil
    /// if nothing stands there.
    func removing(_ place: Place) -> (rest: Setting, holders: Set<Place>)? {
        switch value {
        case .text, .nothing: return nil
        case .list(let items):
            for index in items.indices {
                guard let found = items[index].removed(place) else { continue }
                var items = items
                if let rest = found.rest { items[index] = rest } else { items.remove(at: index) }
                return (Setting(.list(items), line: line, column: column), found.holders.union([self.place]))
            }
        case .map(let entries):
            for index in entries.indices {
                let entry = entries[index]
                let found = entry.place == place ? (nil, []) : entry.value.removed(place)
                guard let found else { continue }
                var entries = entries
                if let rest = found.rest {
                    entries[index] = Setting.Entry(key: entry.key, line: entry.line, column: entry.column, value: rest)
                } else {
                    entries.remove(at: index)
                }
                return (Setting(.map(entries), line: line, column: column), found.holders.union([self.place]))
            }
        }
        return nil
    }

    /// What is left of it without what stands at `place`: nothing, if that is itself; nil if it is not there.
    private func removed(_ place: Place) -> (rest: Setting?, holders: Set<Place>)? {
        self.place == place ? (nil, []) : removing(place).map { ($0.rest, $0.holders) }
    }
}
