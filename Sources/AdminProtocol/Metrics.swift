/// Everything that is counted, as one moment shows it.
package struct MetricsSnapshot: Codable, Equatable, Sendable {
    package let families: [MetricFamily]

    package init(families: [MetricFamily]) { self.families = families }
}

/// A metric family of OpenMetrics 1.0: one thing that is counted or measured, told apart by labels.
package struct MetricFamily: Codable, Equatable, Sendable {
    /// Without the suffixes that samples have; ends with the unit, if there is one.
    package let name: String
    package let kind: Kind
    /// `seconds`; nil for what is merely counted.
    package let unit: String?
    /// One sentence.
    package let help: String
    package let samples: [MetricSample]

    package enum Kind: String, Codable, Sendable {
        case counter, gauge, histogram, info
    }

    package init(_ name: String, _ kind: Kind, unit: String? = nil, help: String, samples: [MetricSample]) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.samples = samples
    }
}

/// One value of a family.
package struct MetricSample: Codable, Equatable, Sendable {
    /// Behind the family's name: `_total`, `_bucket`, `_info`; empty for a gauge.
    package let suffix: String
    /// In the order in which they are written.
    package let labels: [MetricLabel]
    package let value: Double

    package init(_ suffix: String, _ labels: [MetricLabel] = [], value: Double) {
        self.suffix = suffix
        self.labels = labels
        self.value = value
    }
}

/// What tells one value of a family from the next.
package struct MetricLabel: Codable, Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
