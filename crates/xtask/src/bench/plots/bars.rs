//! Bars side by side, a group per thing that was measured.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{COLOURS, FAINT, INK, SIZE, told};
use crate::bench::load::as_f64;

pub(super) struct Group {
    pub(super) label: String,
    /// Of each series; `None` where it has none here.
    pub(super) values: Vec<Option<f64>>,
}

pub(super) struct Bars {
    pub(super) title: &'static str,
    pub(super) axis: &'static str,
    pub(super) series: Vec<&'static str>,
    pub(super) groups: Vec<Group>,
}

impl Bars {
    /// `false` where there is nothing to draw.
    pub(super) fn draw(&self, file: &Path) -> Result<bool> {
        let groups: Vec<&Group> = self
            .groups
            .iter()
            .filter(|group| group.values.iter().any(Option::is_some))
            .collect();
        let highest = groups
            .iter()
            .flat_map(|group| group.values.iter().flatten())
            .fold(0.0, |a: f64, b| a.max(*b));
        if groups.is_empty() {
            return Ok(false);
        }
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(told)?;
        let width = as_f64(groups.len() as u64);
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 20, &INK))
            .margin(12)
            .x_label_area_size(34)
            .y_label_area_size(72)
            .build_cartesian_2d(0.0..width, 0.0..highest * 1.25)
            .map_err(told)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .y_desc(self.axis)
            .y_label_formatter(&|value| grouped(*value))
            .label_style(("sans-serif", 13, &INK))
            .draw()
            .map_err(told)?;
        let middle = Pos::new(HPos::Center, VPos::Bottom);
        let number = TextStyle::from(("sans-serif", 12).into_font())
            .color(&INK)
            .pos(middle);
        let below = number.clone().pos(Pos::new(HPos::Center, VPos::Top));
        for (series, name) in self.series.iter().enumerate() {
            let colour = COLOURS[series % COLOURS.len()];
            let mut bars = Vec::new();
            for (place, group) in groups.iter().enumerate() {
                let there: Vec<usize> = (0..group.values.len())
                    .filter(|index| group.values[*index].is_some())
                    .collect();
                let (Some(value), Some(slot)) = (
                    group.values[series],
                    there.iter().position(|index| *index == series),
                ) else {
                    continue;
                };
                let each = 0.76 / as_f64(there.len() as u64);
                let left = as_f64(place as u64) + 0.12 + each * as_f64(slot as u64);
                bars.push((left, left + each * 0.92, value));
            }
            if bars.is_empty() {
                continue;
            }
            let rectangles = bars.iter().map(|(left, right, top)| {
                Rectangle::new([(*left, 0.0), (*right, *top)], colour.filled())
            });
            chart
                .draw_series(rectangles)
                .map_err(told)?
                .label(*name)
                .legend(move |(x, y)| {
                    Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled())
                });
            let words = bars.iter().map(|(left, right, top)| {
                Text::new(
                    grouped(*top),
                    (f64::midpoint(*left, *right), *top + highest * 0.012),
                    number.clone(),
                )
            });
            chart.draw_series(words).map_err(told)?;
        }
        let labels = groups.iter().enumerate().map(|(place, group)| {
            Text::new(
                group.label.clone(),
                (as_f64(place as u64) + 0.5, -highest * 0.03),
                below.clone(),
            )
        });
        let area_below = chart.plotting_area();
        for label in labels {
            area_below.draw(&label).map_err(told)?;
        }
        super::lines::legend(&mut chart)?;
        area.present().map_err(told)?;
        Ok(true)
    }
}

/// A whole number, in groups of three digits.
pub(in crate::bench) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", &*digits), |rest| ("-", rest));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}
