//! One JSON scalar in the form in which the engine compares it.

/// A scalar. Equal values are equal here: a float that is a whole number of 64 bits is an integer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    Text(&'a str),
    Integer(i64),
    /// Not whole, or beyond 64 bits; finite.
    Float(f64),
    Bool(bool),
}

/// 2^63: the first whole float that is no i64.
const INTEGER_END: f64 = 9_223_372_036_854_775_808.0;

impl Scalar<'_> {
    pub fn from_float(value: f64) -> Self {
        if value.trunc() == value && (-INTEGER_END..INTEGER_END).contains(&value) {
            Scalar::Integer(value as i64)
        } else {
            Scalar::Float(value)
        }
    }

    pub fn from_unsigned(value: u64) -> Self {
        i64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Integer)
    }
}

/// Maps a float to an integer of the same order.
pub fn float_key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    // Negative floats grow in magnitude with their bits: flip all but the sign.
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The float of a key of `float_key`.
pub fn float_of_key(key: i64) -> f64 {
    // The key of a key is the bits again: the sign decides, and stays.
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_floats_are_integers() {
        assert_eq!(Scalar::from_float(-0.0), Scalar::Integer(0));
        assert_eq!(Scalar::from_float(-INTEGER_END), Scalar::Integer(i64::MIN));
        assert_eq!(Scalar::from_float(INTEGER_END), Scalar::Float(INTEGER_END));
        assert_eq!(Scalar::from_float(2.5), Scalar::Float(2.5));
    }

    #[test]
    fn keys_of_floats_keep_their_order() {
        let values = [f64::MIN, -1.5, -1e-300, 1e-300, 0.5, 1.5, f64::MAX];
        assert!(values.map(float_key).is_sorted());
        assert_eq!(values.map(|value| float_of_key(float_key(value))), values);
    }
}
