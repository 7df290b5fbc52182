//! Lines over an axis of numbers.

use std::path::Path;

use anyhow::Result;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::{COLOURS, FAINT, INK, SIZE, told, trimmed};

#[derive(Clone)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

pub(super) struct Lines {
    pub(super) title: &'static str,
    pub(super) x_axis: &'static str,
    pub(super) y_axis: &'static str,
    /// Of a place on the axis; empty where there is no round number to tell.
    pub(super) x_label: fn(f64) -> String,
    /// Whether each step along the axis is ten times the one before.
    pub(super) logarithmic: bool,
    pub(super) all: Vec<Line>,
}

impl Lines {
    /// `false` where there is nothing to draw.
    pub(super) fn draw(&self, file: &Path) -> Result<bool> {
        let scale = |x: f64| if self.logarithmic { x.log10() } else { x };
        let points: Vec<(f64, f64)> = self
            .all
            .iter()
            .flat_map(|line| &line.points)
            .map(|(x, y)| (scale(*x), *y))
            .collect();
        let (least, most) = points.iter().fold((f64::MAX, f64::MIN), |(a, b), (x, _)| {
            (a.min(*x), b.max(*x))
        });
        let highest = points.iter().fold(0.0, |a: f64, (_, y)| a.max(*y));
        if points.len() < 2 || least >= most {
            return Ok(false);
        }
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(told)?;
        let margin = (most - least) * 0.03;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 20, &INK))
            .margin(12)
            .margin_right(36)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d(least - margin..most + margin, 0.0..highest * 1.3)
            .map_err(told)?;
        let label = |x: &f64| (self.x_label)(*x);
        let number = |y: &f64| trimmed(*y);
        let mut mesh = chart.configure_mesh();
        mesh.bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .axis_style(INK);
        mesh.x_desc(self.x_axis)
            .y_desc(self.y_axis)
            .label_style(("sans-serif", 13, &INK));
        mesh.x_labels(10)
            .x_label_formatter(&label)
            .y_label_formatter(&number);
        mesh.draw().map_err(told)?;
        for (index, line) in self
            .all
            .iter()
            .enumerate()
            .filter(|line| !line.1.points.is_empty())
        {
            let colour = COLOURS[index % COLOURS.len()];
            let points: Vec<_> = line.points.iter().map(|(x, y)| (scale(*x), *y)).collect();
            chart
                .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))
                .map_err(told)?
                .label(line.name.clone())
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
                });
            chart
                .draw_series(
                    points
                        .into_iter()
                        .map(|point| Circle::new(point, 3, colour.filled())),
                )
                .map_err(told)?;
        }
        legend(&mut chart)?;
        area.present().map_err(told)?;
        Ok(true)
    }
}

/// Which colour is whose, above the lines, where all pictures leave room.
pub(super) fn legend<'a>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
) -> Result<()>
where
    RangedCoordf64: ValueFormatter<f64>,
{
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(FAINT)
        .label_font(("sans-serif", 13, &INK))
        .draw()
        .map_err(told)
}
